public import EthereumCore

/// A Merkle-Patricia trie (Yellow Paper, appendix D) of entries that are all known: its root, and proofs of entries.
///
/// This is the form of the tries of a block's receipts, transactions and withdrawals, whose keys are the RLP of an
/// index: see ``init(ordered:)``.
public struct MerklePatriciaTrie: Sendable {
    /// Longest key in bytes; nodes are nested as deep as keys have nibbles.
    public static let maxKeyBytes = 64

    private let top: TrieNode?

    /// A trie of these entries.
    ///
    /// - Throws: ``ProofError`` of code `malformed` for a key twice or a value that is empty (which means absence), and
    ///   `tooLarge` for a key of more than ``maxKeyBytes``.
    public init(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws(ProofError) {
        var sorted: [TrieEntry] = []
        for (key, value) in entries {
            guard key.count <= Self.maxKeyBytes else {
                throw ProofError(.tooLarge, "a trie's key has \(key.count) bytes, more than \(Self.maxKeyBytes)")
            }
            guard !value.isEmpty else { throw ProofError(.malformed, "a trie has no empty values") }
            sorted.append(TrieEntry(path: Nibbles.of(key), value: value))
        }
        sorted.sort { $0.path.lexicographicallyPrecedes($1.path) }
        for index in sorted.indices.dropFirst() where sorted[index].path == sorted[index - 1].path {
            throw ProofError(.malformed, "a trie's key appears twice")
        }
        top = sorted.isEmpty ? nil : TrieNode(sorted[...], depth: 0)
    }

    /// A trie of values whose keys are the RLP of their positions, as of a block's receipts.
    ///
    /// - Throws: ``ProofError`` of code `malformed` for an empty value.
    public init(ordered values: [[UInt8]]) throws(ProofError) {
        try self.init(values.enumerated().lazy.map { (key: Self.key(of: UInt64($0.offset)), value: $0.element) })
    }

    /// The key of the element at `index` of an ordered trie: the RLP of the index.
    public static func key(of index: UInt64) -> [UInt8] { RLP.encode(.uint(index)) }

    /// Keccak-256 of the top node; of the RLP of nothing when the trie is empty.
    public var root: Bytes32 { Keccak256.hash(top?.encoded ?? [0x80]) }

    /// The nodes that lead to a key, top first, as ``TrieProof/value(of:root:nodes:)`` wants them; nil when the trie
    /// does not have the key. Nodes that lie inside their parents are not repeated.
    public func proof(of key: [UInt8]) -> [[UInt8]]? {
        guard var node = top else { return nil }
        var path = Nibbles.of(key)[...]
        var nodes = [node.encoded]
        while true {
            let next: TrieNode
            switch node.content {
            case .leaf(let rest):
                return path == rest ? nodes : nil
            case .extension(let shared, let child):
                guard path.starts(with: shared) else { return nil }
                path = path.dropFirst(shared.count)
                next = child
            case .branch(let children, let hasValue):
                guard let nibble = path.popFirst() else { return hasValue ? nodes : nil }
                guard let child = children[Int(nibble)] else { return nil }
                next = child
            }
            if !next.isInline { nodes.append(next.encoded) }
            node = next
        }
    }
}

struct TrieEntry: Sendable {
    let path: [UInt8]
    let value: [UInt8]
}
