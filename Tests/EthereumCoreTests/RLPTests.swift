import EthereumCore
import Fuzzing
import Testing

@Suite struct RLPTests {
    @Test func randomItems() throws {
        var random = Randomness()
        for _ in 0..<2_000 {
            let item = Self.random(&random, depth: 0)
            let bytes = RLP.encode(item)
            #expect(try RLP.decode(bytes) == item)
            #expect(throws: RLPError.trailingBytes(offset: bytes.count)) { try RLP.decode(bytes + [0]) }
            #expect(throws: RLPError.self) { try RLP.decode(Array(bytes.dropLast())) }
        }
    }

    static func random(_ random: inout Randomness, depth: Int) -> RLPItem {
        if depth > 4 || random.coin() {
            let lengths = [0, 1, 1, 2, 20, 32, 54, 55, 56, 57, 255, 256, 300]
            return .bytes(random.bytes(lengths[random.below(lengths.count)]))
        }
        return .list((0..<random.below(6)).map { _ in Self.random(&random, depth: depth + 1) })
    }

    @Test(
        arguments: [
            ([], .empty), ([0x81], .truncated(offset: 0)), ([0x81, 0x7f], .singleByteEncodedAsString(offset: 0)),
            ([0xb8, 0x37], .lengthNotMinimal(offset: 0)), ([0xb9, 0x00, 0x40], .lengthHasLeadingZero(offset: 0)),
            ([0xc1, 0x81], .truncated(offset: 1)), ([0xc2, 0xc2, 0x01, 0x01], .itemOverrunsList(offset: 1)),
            ([0x00, 0x00], .trailingBytes(offset: 1)),
            ([0xff] + [UInt8](repeating: 0xff, count: 8), .truncated(offset: 0)),
            ([0xbf, 0x80, 0, 0, 0, 0, 0, 0, 0], .truncated(offset: 0)), ([0xb8], .truncated(offset: 0)),
            ([0xf8, 0xff], .truncated(offset: 0)),
        ] as [([UInt8], RLPError)])
    func errors(bytes: [UInt8], error: RLPError) {
        #expect(throws: error) { try RLP.decode(bytes) }
    }

    @Test func bombsAreBounded() {
        var nested: [UInt8] = [0xc0]
        for _ in 0..<70 { nested = RLP.encode(.list([])).dropLast() + header(nested.count) + nested }
        #expect(throws: RLPError.tooDeep(limit: 64)) { try RLP.decode(nested) }
        #expect(throws: RLPError.tooManyItems(limit: 10)) {
            try RLP.decode(RLP.encode(.list((0..<10).map { _ in .list([]) })), limits: RLPLimits(maxItems: 10))
        }
        #expect(throws: RLPError.tooLarge(limit: 3)) {
            try RLP.decode([0x83, 1, 2, 3], limits: RLPLimits(maxBytes: 3))
        }
        // A million nested openings without ends.
        #expect(throws: RLPError.self) { try RLP.decode([UInt8](repeating: 0xc1, count: 1_000_000)) }
        #expect(throws: RLPError.self) { try RLP.decode([UInt8](repeating: 0xf8, count: 1_000_000)) }
    }

    private func header(_ count: Int) -> [UInt8] { count < 56 ? [0xc0 + UInt8(count)] : [0xf8, UInt8(count)] }
}
