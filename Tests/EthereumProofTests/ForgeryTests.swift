import EthereumCore
import Fuzzing
import StrictJSON
import Testing

@testable import EthereumProof

/// Proofs that were altered, and proofs that somebody made up with right hashes.
@Suite struct ForgeryTests {
    /// What nothing in a proof commits to: labels, which the report lists as not proven.
    private static let labels = ["network", "chain_id"]

    @Test func everyFlippedBitOfTheBytesIsRefused() throws {
        let proof = try DevBlock().proof()
        var flips = 0
        func refuse(_ what: String, _ bytes: [UInt8], _ set: (inout RevocationProof, [UInt8]) throws -> Void) throws {
            for bit in 0..<(8 * bytes.count) {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                var forged = proof
                try set(&forged, flipped)
                #expect(code { try forged.verify() } != nil, "\(what), bit \(bit)")
                flips += 1
            }
        }
        try refuse("message", proof.message.bytes) { $0.message = try Bytes32(bytes: $1) }
        try refuse("block hash", proof.blockHash.bytes) { $0.blockHash = try Bytes32(bytes: $1) }
        try refuse("receipts root", proof.receiptsRoot.bytes) { $0.receiptsRoot = try Bytes32(bytes: $1) }
        try refuse("contract", proof.contract.bytes) { $0.contract = try Address(bytes: $1) }
        try refuse("owner", proof.owner.bytes) { $0.owner = try Address(bytes: $1) }
        try refuse("header", proof.blockHeader) { $0.blockHeader = $1 }
        try refuse("receipt", proof.receipt) { $0.receipt = $1 }
        #expect(proof.receiptNodes.count >= 3)
        for index in proof.receiptNodes.indices {
            try refuse("node \(index)", proof.receiptNodes[index]) { $0.receiptNodes[index] = $1 }
        }
        #expect(flips > 10_000)
    }

    @Test func everyChangedNumberIsRefused() throws {
        let json = try DevBlock().proof().json
        for key in ["version", "block_number", "transaction_index", "log_index"] {
            let value: UInt64 = try #require(try json.member(key).numberValue?.integer())
            for bit in 0..<64 {
                let forged = try json.with([(key, .integer(value ^ (1 << UInt64(bit))))])
                #expect(code { try RevocationProof(json: forged).verify() } != nil, "\(key), bit \(bit)")
            }
        }
    }

    /// Flipped bits of the text itself: another text either is no proof, or differs in a label.
    @Test func everyFlippedBitOfTheTextIsRefused() throws {
        var random = Randomness()
        let proof = try DevBlock().proof()
        let text = proof.json.serialize()
        let known = RevocationExpectation(chainID: proof.chainID)
        for position in text.indices {
            // All eight bits are tried where they fit into the time of a test run, else one of them.
            let isThorough = Fuzz.count(usually: 0) > 100_000 || position.isMultiple(of: 16)
            let bits = isThorough ? Array(0..<8) : [random.below(8)]
            for bit in bits {
                var flipped = text
                flipped[position] ^= 1 << UInt8(bit)
                guard let forged = try? RevocationProof(text: flipped),
                    (try? forged.verify(expecting: known)) != nil
                else { continue }
                #expect(forged.network != proof.network, "bit \(bit) of byte \(position)")
                #expect(try forged.json.with([("network", .string(proof.network))]) == proof.json)
            }
        }
    }

    @Test func mutatedTextsNeverCrash() throws {
        var random = Randomness()
        let proof = try DevBlock().proof()
        let text = proof.json.serialize()
        for _ in 0..<Fuzz.count(usually: 2000) {
            guard let forged = try? RevocationProof(text: Fuzz.mutated(text, &random)), (try? forged.verify()) != nil
            else { continue }
            let labels = Self.labels.map { ($0, proof.json[$0]) }
            #expect(try forged.json.with(labels) == proof.json)
        }
    }

    // MARK: - Made up from the bottom

    /// A block of one receipt that nobody mined, with every hash right.
    private struct MadeUp {
        var status: [UInt8] = [1]
        var type: UInt8 = 2
        var bloom: LogsBloom?
        var blockBloom: LogsBloom?
        var headerRoot: Bytes32?
        var logs = [MadeUp.log()]

        static let owner = Address(truncating: Keccak256.hash([1]))
        static let contract = Address(truncating: Keccak256.hash([2]))
        static let message = Keccak256.hash([3])

        static func log(topic0: Bytes32 = RevocationEvent.keyDisabled.topic0) -> [RLPItem] {
            [.bytes(contract.bytes), .list([topic0, owner.word, message].map { .bytes($0.bytes) }), .bytes([])]
        }

        func proof() throws -> RevocationProof {
            var right = LogsBloom()
            for element in [Self.contract.bytes, RevocationEvent.keyDisabled.topic0.bytes, Self.owner.word.bytes]
                + [Self.message.bytes]
            { right.insert(element) }
            let fields: [RLPItem] = [
                .bytes(status), .uint(UInt64(21_000)), .bytes((bloom ?? right).bytes), .list(logs.map { .list($0) }),
            ]
            let receipt = (type == 0 ? [] : [type]) + RLP.encode(.list(fields))
            let trie = try MerklePatriciaTrie(ordered: [receipt])
            let zero = RLPItem.bytes(Bytes32.zero.bytes)
            let header = RLP.encode(
                .list([
                    zero, zero, .bytes(Address.zero.bytes), zero, zero, .bytes((headerRoot ?? trie.root).bytes),
                    .bytes((blockBloom ?? right).bytes), .uint(UInt64(0)), .uint(UInt64(5)), .uint(UInt64(0)),
                    .uint(UInt64(0)), .uint(UInt64(0)), .bytes([]),
                    zero, .bytes([UInt8](repeating: 0, count: 8)),
                ]))
            let nodes = try #require(trie.proof(of: [0x80]))
            return try RevocationProof(json: [
                "version": 1, "network": "DEV", "chain_id": 1, "contract": .string(Self.contract.checksummed),
                "owner": .string(Self.owner.checksummed), "message": .string(Self.message.hex),
                "event": ["signature": "KeyDisabled(address,bytes32)", "owner": "topics[1]", "message": "topics[2]"],
                "block_number": 5, "block_hash": .string(Keccak256.hash(header).hex),
                "block_header": .string(Hex.encodePrefixed(header)), "receipts_root": .string(trie.root.hex),
                "transaction_index": 0, "receipt": .string(Hex.encodePrefixed(receipt)),
                "receipt_nodes": .array(nodes.map { .string(Hex.encodePrefixed($0)) }), "log_index": 0,
            ])
        }
    }

    /// That the block is canonical is the one thing that its maker need not fake: the report says so.
    @Test func aMadeUpBlockProvesAllButThatItIsCanonical() throws {
        let report = try MadeUp().proof().verify()
        #expect(report.notProven[0].contains("canonical"))
        #expect(try MadeUp(type: 0).proof().verify().proven.count == 3)
        #expect(try MadeUp(type: 0x7e).proof().verify().proven.count == 3)
    }

    /// The cheapest forgery: the header of a real block, and a trie of one's own.
    @Test func aTrieThatTheHeaderDoesNotNameIsRefused() throws {
        #expect(code { try MadeUp(headerRoot: .zero).proof().verify() } == .wrongHeader)
        let real = try DevBlock().proof()
        var forged = try MadeUp().proof()
        (forged.blockHeader, forged.blockHash, forged.blockNumber) = (
            real.blockHeader, real.blockHash, real.blockNumber
        )
        #expect(code { try forged.verify() } == .wrongHeader)
        forged.receiptsRoot = real.receiptsRoot
        #expect(code { try forged.verify() } == .brokenTrie)
    }

    @Test func aTransactionThatDidNotSucceedProvesNothing() throws {
        #expect(code { try MadeUp(status: []).proof().verify() } == .notSuccessful)
        #expect(code { try MadeUp(status: Bytes32.zero.bytes).proof().verify() } == .notSuccessful)
        #expect(code { try MadeUp(status: [2]).proof().verify() } == .malformed)
    }

    @Test func aWrongBloomIsRefused() throws {
        #expect(code { try MadeUp(bloom: LogsBloom()).proof().verify() } == .wrongBloom)
        #expect(code { try MadeUp(blockBloom: LogsBloom()).proof().verify() } == .wrongBloom)
    }

    @Test func anotherEventIsRefused() throws {
        var made = MadeUp(logs: [])
        made.bloom = LogsBloom()
        #expect(code { try made.proof().verify() } == .noEvent)
        let created = Keccak256.hash(Array("KeyCreated(address,bytes32)".utf8))
        var bloom = LogsBloom()
        for element in [MadeUp.contract.bytes, created.bytes, MadeUp.owner.word.bytes, MadeUp.message.bytes] {
            bloom.insert(element)
        }
        made = MadeUp(bloom: bloom, blockBloom: bloom, logs: [MadeUp.log(topic0: created)])
        #expect(code { try made.proof().verify() } == .noEvent)
    }
}
