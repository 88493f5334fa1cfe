import EthereumCore
import EthereumProof
import Fuzzing
import StrictJSON
import Testing

@Suite struct ReceiptTests {
    @Test func aBlockOfTheDevChainHasItsRoot() throws {
        let fixture = try Fixtures.json("block.json")
        let receipts = try BlockReceipts(json: try fixture.member("receipts"))
        #expect(receipts.receipts.count > 128)
        #expect(try receipts.root == fixture.member("block").member("receiptsRoot").bytes32())
        #expect(try receipts.blockHash == fixture.member("block").member("hash").bytes32())
        #expect(Set(receipts.receipts.map(\.type)) == [0, 1, 2])
        for (position, nodes) in try fixture.member("proofs").elements().enumerated() {
            let expected = try nodes.elements().map { try $0.hexBytes() }
            #expect(receipts.trie.proof(of: MerklePatriciaTrie.key(of: UInt64(9 * position))) == expected)
        }
    }

    @Test func receiptsOfEveryTypeAreEncodedAsTheOracleDoes() throws {
        let fixture = try Fixtures.json("mixed.json")
        let receipts = try BlockReceipts(json: try fixture.member("receipts"))
        #expect(Set(receipts.receipts.map(\.type)) == [0, 1, 2, 3, 4, ConsensusReceipt.depositType])
        #expect(receipts.receipts.contains { $0.deposit == nil && $0.type == ConsensusReceipt.depositType })
        for (receipt, hash) in zip(receipts.receipts, try fixture.member("hashes").elements()) {
            let encoded = receipt.encoded
            #expect(try Keccak256.hash(encoded) == hash.bytes32())
            #expect(try ConsensusReceipt(decoding: encoded) == receipt)
            #expect(receipt.hasRightBloom)
        }
        #expect(try receipts.root == fixture.member("receiptsRoot").bytes32())
    }

    /// A deposit of an OP-stack chain after Canyon, as reth's and op-geth's tests have it.
    @Test func aDepositOfTheOPStack() throws {
        let zeros = String(repeating: "00", count: 256)
        let bytes = try Hex.decode("0x7ef9010d0182b741b90100" + zeros + "c0833d3bbf01")
        let receipt = try ConsensusReceipt(decoding: bytes)
        #expect(receipt.type == ConsensusReceipt.depositType)
        #expect(receipt.outcome == .status(true))
        #expect(receipt.cumulativeGasUsed == 46913)
        #expect(receipt.deposit?.nonce == 4_012_991)
        #expect(receipt.deposit?.version == 1)
        let answer: JSON = [
            "type": "0x7e", "status": "0x1", "cumulativeGasUsed": "0xb741", "logs": [], "logsBloom": "0x\(zeros)",
            "depositNonce": "0x3d3bbf", "depositReceiptVersion": "0x1", "l1Fee": "0x0",
        ]
        #expect(try ConsensusReceipt(json: answer).encoded == bytes)
    }

    @Test func theOrderOfAnAnswerDoesNotMatter() throws {
        let fixture = try Fixtures.json("mixed.json")
        let receipts = try fixture.member("receipts").elements()
        let shuffled = try BlockReceipts(json: .array(receipts.shuffled()))
        #expect(try shuffled.root == fixture.member("receiptsRoot").bytes32())
    }

    @Test func answersThatAreNotOneWholeBlockAreRefused() throws {
        let receipts = try Fixtures.json("mixed.json").member("receipts").elements()
        #expect(code { try BlockReceipts(json: .array(Array(receipts.dropFirst()))) } == .malformed)
        #expect(code { try BlockReceipts(json: .array(receipts + [receipts[0]])) } == .malformed)
        let foreign = try receipts[4].with([("blockHash", .string(Bytes32.zero.hex))])
        #expect(code { try BlockReceipts(json: .array(receipts[..<4] + [foreign] + receipts[5...])) } == .malformed)
        let far = try receipts[4].with([("transactionIndex", "0xffffffffffffffff")])
        #expect(code { try BlockReceipts(json: .array(receipts[..<4] + [far] + receipts[5...])) } == .malformed)
        #expect(code { try BlockReceipts(json: .null) } == .malformed)
        #expect(code { try BlockReceipts(json: ["receipt"]) } == .malformed)
        #expect(try BlockReceipts(json: []).blockHash == nil)
    }

    @Test(arguments: [
        "cumulativeGasUsed", "logsBloom", "logs", "status", "transactionIndex", "blockHash", "transactionHash",
    ])
    func aMissingMemberIsNamed(key: String) throws {
        let receipt = try Fixtures.json("mixed.json").member("receipts").elements()[0]
        for value: JSON? in [nil, .some(.null), .some(7), .some("0xzz")] {
            let broken = try receipt.with([(key, value)])
            #expect(code { try BlockReceipts(json: [broken]) } == .malformed)
        }
        let error = #expect(throws: ProofError.self) {
            try BlockReceipts(json: [try receipt.with([("logsBloom", nil)])])
        }
        #expect(error?.description == "receipts[0].logsBloom is missing")
    }

    @Test func typesAndTopicsHaveBounds() throws {
        let receipt = try Fixtures.json("mixed.json").member("receipts").elements()[1]
        #expect(code { try ConsensusReceipt(json: try receipt.with([("type", "0x80")])) } == .malformed)
        #expect(code { try ConsensusReceipt(json: try receipt.with([("status", "0x2")])) } == .malformed)
        #expect(try ConsensusReceipt(json: try receipt.with([("type", nil)])).type == 0)
        let topics = JSON.array([JSON](repeating: .string(Bytes32.zero.hex), count: 5))
        let log: JSON = ["address": .string(Address.zero.lowercaseHex), "topics": topics, "data": "0x"]
        #expect(code { try ConsensusReceipt(json: try receipt.with([("logs", [log])])) } == .malformed)
    }

    @Test func onlyTheExactEncodingIsDecoded() throws {
        let fixture = try Fixtures.json("mixed.json")
        let receipts = try BlockReceipts(json: try fixture.member("receipts")).receipts
        let receipt = try #require(receipts.first { $0.type == 2 && !$0.logs.isEmpty }).encoded
        guard case .list(let fields) = try RLP.decode(receipt.dropFirst()) else { throw Unexpected() }
        func typed(_ type: UInt8, _ fields: [RLPItem]) -> [UInt8] { [type] + RLP.encode(.list(fields)) }
        let outsides: [[UInt8]] = [
            [], [0x02], [0x00] + Array(receipt.dropFirst()), [0x80] + Array(receipt.dropFirst()),
            [0xbf] + Array(receipt.dropFirst()), receipt + [0], Array(receipt.dropLast()), [0x02] + receipt,
            RLP.encode(.bytes([1, 2, 3])),
        ]
        let one = RLPItem.uint(UInt64(1))
        let nine = RLPItem.bytes([UInt8](repeating: 1, count: 9))
        let (status, gas, bloom, logs) = (fields[0], fields[1], fields[2], fields[3])
        let insides: [[UInt8]] = [
            typed(2, fields + [one]), typed(2, [status, gas, bloom]), typed(0x7e, fields + [one]),
            typed(0x7e, fields + [one, one, one]), typed(2, [.bytes([2]), gas, bloom, logs]),
            typed(2, [.bytes([0]), gas, bloom, logs]), typed(2, [status, .bytes([0, 1]), bloom, logs]),
            typed(2, [status, nine, bloom, logs]), typed(2, [status, gas, one, logs]),
            typed(2, [status, gas, bloom, .bytes([])]), typed(2, [status, gas, bloom, .list([.list([])])]),
        ]
        for bytes in outsides + insides {
            #expect(code { try ConsensusReceipt(decoding: bytes) } == .malformed, "\(Hex.encode(bytes))")
        }
        let large = [UInt8](repeating: 0xc0, count: ConsensusReceipt.maxBytes + 1)
        #expect(code { try ConsensusReceipt(decoding: large) } == .tooLarge)
    }

    /// Whatever is decoded is encoded to the same bytes, and nothing crashes.
    @Test func mutatedReceiptsAreRefusedOrRoundTrip() throws {
        var random = Randomness()
        let receipts = try BlockReceipts(json: try Fixtures.json("mixed.json").member("receipts")).receipts
        let samples = receipts.prefix(32).map(\.encoded)
        for _ in 0..<Fuzz.count(usually: 5000) {
            let bytes = Fuzz.mutated(samples[random.below(samples.count)], &random)
            if let receipt = try? ConsensusReceipt(decoding: bytes) { #expect(receipt.encoded == bytes) }
        }
    }

    private struct Unexpected: Error {}
}

@Suite struct BloomTests {
    @Test func bloomsOfTheMixedBlock() throws {
        let receipts = try BlockReceipts(json: try Fixtures.json("mixed.json").member("receipts")).receipts
        var all = LogsBloom()
        for log in receipts.flatMap(\.logs) {
            all.insert(log.address.bytes)
            for topic in log.topics { all.insert(topic.bytes) }
        }
        for receipt in receipts {
            #expect(all.covers(receipt.logsBloom))
            for log in receipt.logs { #expect(receipt.logsBloom.mayContain(log.address.bytes)) }
        }
        #expect(!LogsBloom().mayContain([]))
        #expect(!LogsBloom().covers(all))
        #expect(all.covers(LogsBloom()))
        #expect(LogsBloom(bytes: [0]) == nil)
    }

    @Test func eachBitOfABloomCounts() throws {
        let receipts = try BlockReceipts(json: try Fixtures.json("mixed.json").member("receipts")).receipts
        let bloom = try #require(receipts.first { $0.logs.count > 1 }).logsBloom
        for bit in 0..<2048 {
            var bytes = bloom.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = try #require(LogsBloom(bytes: bytes))
            #expect(changed != bloom)
            #expect(changed.covers(bloom) != bloom.covers(changed))
        }
    }
}
