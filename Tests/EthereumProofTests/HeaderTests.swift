import EthereumCore
import EthereumProof
import Fuzzing
import StrictJSON
import Testing

@Suite struct HeaderTests {
    private func devBlock() throws -> JSON { try Fixtures.json("block.json").member("block") }

    @Test func theDevChainsHeader() throws {
        let fixture = try Fixtures.json("block.json")
        let header = try BlockHeader(json: try fixture.member("block"))
        #expect(try header.encoded == fixture.member("header").hexBytes())
        #expect(try BlockHeader(decoding: header.encoded) == header)
        #expect(header.later.requestsHash != nil)
        #expect(header.later.unknown.isEmpty)
    }

    @Test(arguments: [
        "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
        "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "hash",
    ])
    func aMissingFieldIsNamed(key: String) throws {
        for value: JSON? in [nil, .some(.null)] {
            let block = try devBlock().with([(key, value)])
            let error = #expect(throws: ProofError.self) { try BlockHeader(json: block) }
            #expect(error?.description == "block.\(key) is missing")
        }
        #expect(code { try BlockHeader(json: try devBlock().with([(key, "0x1g")])) } == .malformed)
    }

    @Test(arguments: [
        "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
    ])
    func aFieldThatIsLeftOutChangesTheHash(key: String) throws {
        #expect(code { try BlockHeader(json: try devBlock().with([(key, nil)])) } == .wrongHeader)
    }

    @Test func aChangedFieldChangesTheHash() throws {
        let changes: [(String, JSON)] = [
            ("gasUsed", "0x1"), ("timestamp", "0x0"), ("extraData", "0x00"),
            ("receiptsRoot", .string(Bytes32.zero.hex)),
            ("hash", .string(Bytes32.zero.hex)), ("baseFeePerGas", "0x0"), ("nonce", "0x0000000000000001"),
        ]
        for change in changes {
            #expect(code { try BlockHeader(json: try devBlock().with([change])) } == .wrongHeader, "\(change.0)")
        }
    }

    @Test func fieldsOfLaterForksAreKept() throws {
        guard case .list(let fields) = try RLP.decode(try BlockHeader(json: try devBlock()).encoded) else { return }
        let later = fields + [.bytes(Bytes32.zero.bytes), .uint(UInt64(7))]
        let encoded = RLP.encode(.list(later))
        let header = try BlockHeader(decoding: encoded)
        #expect(header.later.unknown.count == 2)
        #expect(header.encoded == encoded)
        #expect(header.hash == Keccak256.hash(encoded))
        let many = RLP.encode(.list(fields + [RLPItem](repeating: .uint(UInt64(1)), count: 12)))
        #expect(code { try BlockHeader(decoding: many) } == .malformed)
    }

    /// A header may end after any fork's fields, and nothing else about its form may vary.
    @Test func everyFieldHasItsForm() throws {
        guard case .list(let fields) = try RLP.decode(try BlockHeader(json: try devBlock()).encoded) else { return }
        #expect(fields.count == 21)
        for count in 0...21 {
            let cut = RLP.encode(.list(Array(fields[..<count])))
            #expect(code { try BlockHeader(decoding: cut) } == (count < 15 ? .malformed : nil), "\(count) fields")
        }
        for index in fields.indices {
            let wrong: [RLPItem] = [.list([]), .bytes([0, 1]), .bytes([UInt8](repeating: 9, count: 33))]
            for item in wrong where index != 12 || item == .list([]) {
                var changed = fields
                changed[index] = item
                #expect(code { try BlockHeader(decoding: RLP.encode(.list(changed))) } == .malformed, "field \(index)")
            }
        }
        let long = [UInt8](repeating: 1, count: BlockHeader.maxBytes + 1)
        #expect(code { try BlockHeader(decoding: long) } == .tooLarge)
        #expect(code { try BlockHeader(decoding: []) } == .malformed)
    }

    @Test func mutatedHeadersAreRefusedOrRoundTrip() throws {
        var random = Randomness()
        let sample = try BlockHeader(json: try devBlock()).encoded
        for _ in 0..<Fuzz.count(usually: 5000) {
            let bytes = Fuzz.mutated(sample, &random)
            if let header = try? BlockHeader(decoding: bytes) { #expect(header.encoded == bytes) }
        }
    }
}
