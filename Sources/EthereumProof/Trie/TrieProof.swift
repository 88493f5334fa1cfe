public import EthereumCore

/// Checks that a Merkle-Patricia trie with a known root holds an entry.
public enum TrieProof {
    /// Most nodes of a proof: two for each nibble of the longest key, and one.
    public static let maxNodes = 4 * MerklePatriciaTrie.maxKeyBytes + 1

    /// Nodes inside nodes are shorter than 32 bytes, so honest ones nest less than this.
    private static let nodeLimits = RLPLimits(maxDepth: 34, maxItems: 1024)

    /// The value that the trie with this root holds at `key`.
    ///
    /// `nodes` are the encoded nodes from the top to the entry, each needed, none left over; those that lie inside
    /// their parents are not listed apart.
    ///
    /// - Throws: ``ProofError`` of code `brokenTrie` when the nodes do not prove it, `tooLarge` for too many of them.
    public static func value(of key: [UInt8], root: Bytes32, nodes: [[UInt8]]) throws(ProofError) -> [UInt8] {
        guard key.count <= MerklePatriciaTrie.maxKeyBytes, nodes.count <= maxNodes else {
            throw ProofError(.tooLarge, "the trie proof has \(nodes.count) nodes for a key of \(key.count) bytes")
        }
        var unread = nodes[...]
        var path = Nibbles.of(key)[...]
        var reference = RLPItem.bytes(root.bytes)
        while true {
            // Each round but the last takes a nibble off the path.
            switch try node(reference, taking: &unread, isTop: unread.count == nodes.count) {
            case .leaf(let rest, let value):
                guard path == rest[...] else { throw broken("ends at another key", unread, nodes) }
                return try finished(value, unread, nodes)
            case .extension(let shared, let child):
                guard path.starts(with: shared) else { throw broken("leaves the key's path", unread, nodes) }
                path = path.dropFirst(shared.count)
                reference = child
            case .branch(let children, let value):
                guard let nibble = path.popFirst() else { return try finished(value, unread, nodes) }
                reference = children[Int(nibble)]
            }
        }
    }

    private static func finished(
        _ value: [UInt8], _ unread: ArraySlice<[UInt8]>, _ nodes: [[UInt8]]
    ) throws(ProofError) -> [UInt8] {
        guard !value.isEmpty else { throw broken("holds no value at the key", unread, nodes) }
        guard unread.isEmpty else {
            throw ProofError(.brokenTrie, "\(unread.count) of the \(nodes.count) trie nodes are not needed")
        }
        return value
    }

    private static func broken(_ what: String, _ unread: ArraySlice<[UInt8]>, _ nodes: [[UInt8]]) -> ProofError {
        ProofError(.brokenTrie, "trie node \(nodes.count - unread.count) of \(nodes.count) \(what)")
    }
}

/// A node as it is read.
private enum ReadNode {
    case leaf(path: [UInt8], value: [UInt8])
    case `extension`(path: [UInt8], child: RLPItem)
    case branch(children: [RLPItem], value: [UInt8])

    init?(_ item: RLPItem) {
        guard case .list(let fields) = item else { return nil }
        switch fields.count {
        case 2:
            guard case .bytes(let compact) = fields[0], let (path, isLeaf) = Nibbles.expand(compact) else { return nil }
            if isLeaf {
                guard case .bytes(let value) = fields[1] else { return nil }
                self = .leaf(path: path, value: value)
            } else {
                // An empty extension would make a proof of any length.
                guard !path.isEmpty else { return nil }
                self = .extension(path: path, child: fields[1])
            }
        case 17:
            guard case .bytes(let value) = fields[16] else { return nil }
            self = .branch(children: Array(fields[..<16]), value: value)
        default:
            return nil
        }
    }
}

extension TrieProof {
    /// The node that a reference names: the next listed one, which must have the hash, or the one inside the parent.
    private static func node(
        _ reference: RLPItem, taking unread: inout ArraySlice<[UInt8]>, isTop: Bool
    ) throws(ProofError) -> ReadNode {
        let item: RLPItem
        switch reference {
        case .list:
            guard RLP.encode(reference).count < 32 else {
                throw ProofError(.brokenTrie, "a trie node of 32 bytes or more lies inside its parent")
            }
            item = reference
        case .bytes(let hash):
            guard !hash.isEmpty else { throw ProofError(.brokenTrie, "the trie has no such key") }
            guard let encoded = unread.popFirst() else {
                throw ProofError(.brokenTrie, "the trie nodes end before the key does")
            }
            guard Keccak256.hash(encoded).bytes == hash else {
                throw ProofError(
                    .brokenTrie, "a trie node does not have the hash that \(isTop ? "the root" : "its parent") names")
            }
            guard isTop || encoded.count >= 32 else {
                throw ProofError(.brokenTrie, "a trie node of less than 32 bytes lies outside its parent")
            }
            do { item = try RLP.decode(encoded, limits: nodeLimits) } catch {
                throw ProofError(.brokenTrie, "a trie node is malformed: \(error)")
            }
        }
        guard let node = ReadNode(item) else { throw ProofError(.brokenTrie, "a trie node has no known form") }
        return node
    }
}
