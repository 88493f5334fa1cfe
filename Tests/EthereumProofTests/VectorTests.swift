import EthereumCore
import EthereumProof
import StrictJSON
import Testing

/// The chain of ethereum/execution-apis, made by geth: headers of every fork, and receipts whose roots are known.
@Suite(.enabled(if: Fixtures.vectors != nil, "no test vectors: set ORAKEY_VECTORS to their folder"))
struct VectorTests {
    private func blocks() throws -> [(file: String, block: JSON)] {
        let answers = try Fixtures.results("eth_getBlockByNumber") + Fixtures.results("eth_getBlockByHash")
        return answers.compactMap { $0.result.isNull ? nil : ($0.file, $0.result) }
    }

    @Test func headersOfEveryForkHashToTheirHashes() throws {
        var fields: Set<Int> = []
        for (file, block) in try blocks() {
            let header = try BlockHeader(json: block)
            #expect(try BlockHeader(decoding: header.encoded) == header, "\(file)")
            guard case .list(let items) = try RLP.decode(header.encoded) else { continue }
            fields.insert(items.count)
        }
        // Up to Berlin, London and Paris, Shanghai, Cancun, Prague.
        #expect(fields == [15, 16, 17, 20, 21])
    }

    @Test func receiptsHaveTheRootsOfTheirBlocks() throws {
        var roots: [Bytes32: Bytes32] = [:]
        for (_, block) in try blocks() {
            roots[try block.member("hash").bytes32()] = try block.member("receiptsRoot").bytes32()
        }
        var compared = 0
        for (file, result) in try Fixtures.results("eth_getBlockReceipts") where !result.isNull {
            let receipts = try BlockReceipts(json: result)
            guard let hash = receipts.blockHash, let root = roots[hash] else { continue }
            #expect(receipts.root == root, "\(file)")
            compared += 1
        }
        #expect(compared >= 1)
    }

    /// Every log of the latest block can be proven, and only by its own proof.
    @Test func everyReceiptOfABlockCanBeProven() throws {
        let answers = try Fixtures.results("eth_getBlockReceipts")
        let receipts = try BlockReceipts(json: try #require(answers.first { $0.file.contains("latest") }).result)
        for index in receipts.receipts.indices {
            let key = MerklePatriciaTrie.key(of: UInt64(index))
            let nodes = try #require(receipts.trie.proof(of: key))
            let value = try TrieProof.value(of: key, root: receipts.root, nodes: nodes)
            #expect(try ConsensusReceipt(decoding: value) == receipts.receipts[index])
        }
    }

    @Test func receiptsOfEveryTypeHaveTheBloomsOfTheirLogs() throws {
        var types: Set<UInt8> = []
        for (file, result) in try Fixtures.results("eth_getTransactionReceipt") where !result.isNull {
            let receipt = try ConsensusReceipt(json: result)
            #expect(receipt.hasRightBloom, "\(file)")
            #expect(try ConsensusReceipt(decoding: receipt.encoded) == receipt, "\(file)")
            types.insert(receipt.type)
        }
        #expect(types == [0, 1, 2, 3, 4])
    }
}
