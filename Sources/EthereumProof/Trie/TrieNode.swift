import EthereumCore

/// A node with its encoding; immutable, made from the bottom up.
final class TrieNode: Sendable {
    enum Content: Sendable {
        case leaf(path: ArraySlice<UInt8>)
        case `extension`(path: ArraySlice<UInt8>, child: TrieNode)
        case branch(children: [TrieNode?], hasValue: Bool)
    }

    let content: Content
    let encoded: [UInt8]

    /// What a parent holds: the node itself when its encoding is shorter than a hash, else its hash.
    private let reference: RLPItem

    var isInline: Bool { encoded.count < 32 }

    /// The node of entries that are sorted, distinct and share the first `depth` nibbles; there must be at least one.
    ///
    /// The recursion is as deep as the longest key has nibbles.
    init(_ entries: ArraySlice<TrieEntry>, depth: Int) {
        let first = entries[entries.startIndex].path
        let last = entries[entries.endIndex - 1].path
        let item: RLPItem
        if entries.count == 1 {
            content = .leaf(path: first[depth...])
            let path = Nibbles.compact(first[depth...], isLeaf: true)
            item = .list([.bytes(path), .bytes(entries[entries.startIndex].value)])
        } else if case let end = Self.endOfShared(first, last, from: depth), end > depth {
            let child = TrieNode(entries, depth: end)
            content = .extension(path: first[depth..<end], child: child)
            item = .list([.bytes(Nibbles.compact(first[depth..<end], isLeaf: false)), child.reference])
        } else {
            var rest = entries
            var value: [UInt8] = []
            // The one key that ends here comes first.
            if first.count == depth, let own = rest.popFirst() { value = own.value }
            var children: [TrieNode?] = []
            for nibble in UInt8(0)..<16 {
                let group = rest.prefix { $0.path[depth] == nibble }
                rest = rest.dropFirst(group.count)
                children.append(group.isEmpty ? nil : TrieNode(group, depth: depth + 1))
            }
            content = .branch(children: children, hasValue: !value.isEmpty)
            item = .list(children.map { $0?.reference ?? .bytes([]) } + [.bytes(value)])
        }
        encoded = RLP.encode(item)
        reference = encoded.count < 32 ? item : .bytes(Keccak256.hash(encoded).bytes)
    }

    /// Where two paths begin to differ, or the shorter one ends. All paths between two sorted ones share what they share.
    private static func endOfShared(_ left: [UInt8], _ right: [UInt8], from start: Int) -> Int {
        let end = min(left.count, right.count)
        return (start..<end).first { left[$0] != right[$0] } ?? end
    }
}
