public import EthereumCore
public import StrictJSON

/// All receipts of one block, as a node answers them, with the trie that the block's header commits to.
public struct BlockReceipts: Sendable {
    /// Most receipts of a block that are read.
    public static let maxCount = 1 << 16

    /// In the order of the transactions.
    public let receipts: [ConsensusReceipt]
    /// Hashes of the transactions as the node names them; nothing in receipts proves them.
    public let transactions: [Bytes32]
    /// The block's hash as the node names it; nil when there are no receipts.
    public let blockHash: Bytes32?
    /// The trie of the encoded receipts.
    public let trie: MerklePatriciaTrie

    /// Reads the result of `eth_getBlockReceipts`, or an array of results of `eth_getTransactionReceipt` of all
    /// transactions of one block, in any order.
    ///
    /// - Throws: ``ProofError`` of code `malformed` where one is missing, doubled, or of another block; `tooLarge`.
    public init(json: JSON) throws(ProofError) {
        let elements = try AnswerReader(json: json, path: "receipts").elements()
        guard elements.count <= Self.maxCount else {
            throw ProofError(.tooLarge, "the block has \(elements.count) receipts, more than \(Self.maxCount)")
        }
        var places: [(receipt: ConsensusReceipt, transaction: Bytes32)?] = elements.map { _ in nil }
        var block: Bytes32?
        for element in elements {
            let index = try element.member("transactionIndex")
            guard let place = Int(exactly: try index.uint64()), place < places.count, places[place] == nil else {
                throw index.invalid("the receipts are not those of one whole block")
            }
            let named = try element.member("blockHash")
            let hash = try named.bytes32()
            guard block == nil || block == hash else { throw named.invalid("a receipt of another block") }
            block = hash
            places[place] = (try ConsensusReceipt(element), try element.member("transactionHash").bytes32())
        }
        // As many distinct places as elements: all are taken.
        receipts = places.compactMap { $0?.receipt }
        transactions = places.compactMap { $0?.transaction }
        blockHash = block
        trie = try MerklePatriciaTrie(ordered: receipts.map(\.encoded))
    }

    /// The root that the block's header should name.
    public var root: Bytes32 { trie.root }
}
