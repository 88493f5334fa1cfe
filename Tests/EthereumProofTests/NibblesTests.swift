import Testing

@testable import EthereumProof

@Suite struct NibblesTests {
    /// The examples of the Ethereum wiki's page on tries.
    @Test(
        arguments: [
            ([1, 2, 3, 4, 5], false, [0x11, 0x23, 0x45]),
            ([0, 1, 2, 3, 4, 5], false, [0x00, 0x01, 0x23, 0x45]),
            ([0, 15, 1, 12, 11, 8], true, [0x20, 0x0f, 0x1c, 0xb8]),
            ([15, 1, 12, 11, 8], true, [0x3f, 0x1c, 0xb8]),
            ([], true, [0x20]),
            ([], false, [0x00]),
        ] as [([UInt8], Bool, [UInt8])])
    func examples(nibbles: [UInt8], isLeaf: Bool, compact: [UInt8]) throws {
        #expect(Nibbles.compact(nibbles[...], isLeaf: isLeaf) == compact)
        let back = try #require(Nibbles.expand(compact))
        #expect(back.nibbles == nibbles)
        #expect(back.isLeaf == isLeaf)
    }

    @Test func onlyWhatCompactMakesIsExpanded() {
        #expect(Nibbles.expand([]) == nil)
        for first in UInt8.min ... .max {
            let expanded = Nibbles.expand([first, 0xab])
            guard let expanded else {
                #expect(first >= 0x40 || first == 0x00 || first & 0x1f != 0 && first & 0x10 == 0)
                continue
            }
            #expect(Nibbles.compact(expanded.nibbles[...], isLeaf: expanded.isLeaf) == [first, 0xab])
        }
    }
}
