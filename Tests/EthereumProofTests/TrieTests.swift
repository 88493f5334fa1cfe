import EthereumCore
import EthereumProof
import Fuzzing
import StrictJSON
import Testing

/// Against the `trie` package of py-evm; see Fixtures/generate.py.
@Suite struct TrieTests {
    private func orderedValue(_ index: Int) -> [UInt8] {
        Array(String(repeating: "value \(index);", count: index % 5 + 1).utf8)
    }

    @Test func orderedTriesHaveTheOraclesRoots() throws {
        let cases = try Fixtures.json("tries.json").member("ordered").elements()
        for element in cases {
            let count: Int = try #require(try element.member("count").numberValue?.integer())
            let trie = try MerklePatriciaTrie(ordered: (0..<count).map(orderedValue))
            #expect(try trie.root == element.member("root").bytes32(), "\(count) values")
            for index in 0..<count {
                let key = MerklePatriciaTrie.key(of: UInt64(index))
                let nodes = try #require(trie.proof(of: key))
                #expect(try TrieProof.value(of: key, root: trie.root, nodes: nodes) == orderedValue(index))
            }
            #expect(trie.proof(of: MerklePatriciaTrie.key(of: UInt64(count))) == nil)
        }
        #expect(cases.count == 16)
    }

    @Test func randomTriesHaveTheOraclesRootsAndProofs() throws {
        var proofs = 0
        for element in try Fixtures.json("tries.json").member("random").elements() {
            let entries = try element.member("entries").elements().map { pair in
                (key: try #require(pair[0]).hexBytes(), value: try #require(pair[1]).hexBytes())
            }
            let trie = try MerklePatriciaTrie(entries.shuffled())
            let root = try element.member("root").bytes32()
            #expect(trie.root == root)
            for (entry, nodes) in zip(entries, try element.member("proofs").elements()) {
                let expected = try nodes.elements().map { try $0.hexBytes() }
                #expect(trie.proof(of: entry.key) == expected)
                proofs += 1
            }
            for entry in entries {
                let nodes = try #require(trie.proof(of: entry.key))
                #expect(try TrieProof.value(of: entry.key, root: root, nodes: nodes) == entry.value)
            }
        }
        #expect(proofs > 100)
    }

    @Test func aKeyThatIsNotThereHasNoProof() throws {
        let trie = try MerklePatriciaTrie([
            (key: [0x12, 0x34], value: [1]), (key: [0x12, 0x35], value: [2]), (key: [0x12, 0x34, 0x56], value: [3]),
        ])
        for absent: [UInt8] in [
            [], [0x12], [0x13], [0x12, 0x36], [0x12, 0x35, 0], [0x12, 0x34, 0x57], [0x22, 0x34],
        ] {
            #expect(trie.proof(of: absent) == nil, "\(absent)")
            for key: [UInt8] in [[0x12, 0x34], [0x12, 0x35], [0x12, 0x34, 0x56]] {
                let nodes = try #require(trie.proof(of: key))
                #expect(code { try TrieProof.value(of: absent, root: trie.root, nodes: nodes) } == .brokenTrie)
            }
        }
        let empty = try MerklePatriciaTrie(ordered: [])
        #expect(empty.root.hex == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
        #expect(empty.proof(of: [0x80]) == nil)
        #expect(code { try TrieProof.value(of: [0x80], root: empty.root, nodes: [[0x80]]) } == .brokenTrie)
    }

    @Test func entriesThatNoTrieHasAreRefused() {
        #expect(code { try MerklePatriciaTrie([(key: [1], value: [])]) } == .malformed)
        #expect(code { try MerklePatriciaTrie([(key: [1], value: [2]), (key: [1], value: [3])]) } == .malformed)
        let long = [UInt8](repeating: 1, count: MerklePatriciaTrie.maxKeyBytes + 1)
        #expect(code { try MerklePatriciaTrie([(key: long, value: [1])]) } == .tooLarge)
        #expect(code { try TrieProof.value(of: long, root: .zero, nodes: []) } == .tooLarge)
    }

    @Test func theDeepestTrieIsBuiltAndProven() throws {
        // Keys that differ only at the end, and each a prefix of the next: the longest chain of nodes there can be.
        let entries = (0...MerklePatriciaTrie.maxKeyBytes).map { count in
            (key: [UInt8](repeating: 0x77, count: count), value: [UInt8](repeating: 7, count: 40))
        }
        let trie = try MerklePatriciaTrie(entries)
        let last = try #require(entries.last)
        let nodes = try #require(trie.proof(of: last.key))
        #expect(nodes.count <= TrieProof.maxNodes)
        #expect(try TrieProof.value(of: last.key, root: trie.root, nodes: nodes) == last.value)
    }

    @Test func missingSuperfluousAndSwappedNodesAreRefused() throws {
        let trie = try MerklePatriciaTrie(ordered: (0..<300).map(orderedValue))
        let key = MerklePatriciaTrie.key(of: 170)
        let nodes = try #require(trie.proof(of: key))
        #expect(nodes.count >= 3)
        let other = try #require(trie.proof(of: MerklePatriciaTrie.key(of: 3)))
        var forgeries = nodes.indices.map { index in nodes.filter { $0 != nodes[index] } }
        forgeries.append(nodes + [nodes[0]])
        forgeries.append(nodes + [[]])
        forgeries.append(nodes.reversed())
        forgeries.append(Array(nodes.dropLast()) + [other[other.count - 1]])
        forgeries.append([])
        forgeries.append([[UInt8]](repeating: nodes[0], count: TrieProof.maxNodes))
        for forgery in forgeries {
            #expect(code { try TrieProof.value(of: key, root: trie.root, nodes: forgery) } == .brokenTrie)
        }
        let flood = [[UInt8]](repeating: nodes[0], count: TrieProof.maxNodes + 1)
        #expect(code { try TrieProof.value(of: key, root: trie.root, nodes: flood) } == .tooLarge)
        #expect(code { try TrieProof.value(of: [0x05], root: trie.root, nodes: nodes) } == .brokenTrie)
    }

    /// Nodes with the right hashes and wrong insides: whoever makes the root can make these.
    @Test(arguments: [
        RLPItem.bytes([1, 2, 3]), .list([]), .list([.bytes([0x20])]), .list([.bytes([0x20]), .list([])]),
        .list([.bytes([]), .bytes([1])]), .list([.bytes([0x40]), .bytes([1])]), .list([.bytes([0x21]), .bytes([1])]),
        .list([.bytes([0x00]), .list([.bytes([0x20]), .bytes([1])])]),
        .list([.bytes([0x31]), .bytes([])]),
        .list([RLPItem](repeating: .bytes([]), count: 16)),
        .list([RLPItem](repeating: .bytes([]), count: 17)),
        .list([RLPItem](repeating: .bytes([]), count: 16) + [.list([])]),
        .list([.bytes([0x11]), .bytes([1, 2, 3])]),
        .list([.bytes([0x00, 0x11]), .list([.bytes([0x20]), .bytes([UInt8](repeating: 1, count: 40))])]),
    ])
    func malformedNodesAreRefused(top: RLPItem) {
        let encoded = RLP.encode(top)
        for key: [UInt8] in [[], [0x10], [0x11]] {
            let error = code { try TrieProof.value(of: key, root: Keccak256.hash(encoded), nodes: [encoded]) }
            #expect(error == .brokenTrie)
        }
    }

    @Test func aSmallNodeOutsideItsParentIsRefused() throws {
        let leaf = RLP.encode(.list([.bytes([0x31]), .bytes([9])]))
        let top = RLP.encode(.list([.bytes([0x11]), .bytes(Keccak256.hash(leaf).bytes)]))
        let error = code { try TrieProof.value(of: [0x11], root: Keccak256.hash(top), nodes: [top, leaf]) }
        #expect(error == .brokenTrie)
    }

    @Test func randomNodesNeverCrash() {
        var random = Randomness()
        for _ in 0..<Fuzz.count(usually: 5000) {
            let fields = random.coin() ? 2 : 17
            let item = RLPItem.list((0..<fields).map { _ in randomItem(&random, depth: 0) })
            let encoded = RLP.encode(item)
            let key = random.bytes(random.below(4))
            let value = try? TrieProof.value(of: key, root: Keccak256.hash(encoded), nodes: [encoded])
            #expect(value?.isEmpty != true)
        }
    }

    private func randomItem(_ random: inout Randomness, depth: Int) -> RLPItem {
        guard depth < 4, random.below(4) == 0 else { return .bytes(random.bytes(random.below(3))) }
        return .list((0..<random.below(3)).map { _ in randomItem(&random, depth: depth + 1) })
    }
}
