public import EthereumCore
public import StrictJSON

/// Evidence that a contract has written, in a certain block, that a key is disabled. Anybody can check it offline with
/// ``verify(expecting:)``, which also says what it does not prove.
///
/// The links: the log is in the receipt; the receipt is in the trie of receipts, at the transaction's index; the trie's
/// root is in the header; the header hashes to the block's hash.
public struct RevocationProof: Hashable, Sendable {
    /// Version of the JSON form.
    public static let version = 1

    /// Name of the network, as in the key's prefix. A label: nothing commits to it.
    public internal(set) var network: String
    /// The chain the block is said to belong to. A header does not name its chain.
    public internal(set) var chainID: UInt64
    /// The contract that wrote the event.
    public internal(set) var contract: Address
    /// The key's owner.
    public internal(set) var owner: Address
    /// The key's message.
    public internal(set) var message: Bytes32
    /// The event that says so.
    public internal(set) var event: RevocationEvent
    /// Height of the block.
    public internal(set) var blockNumber: UInt64
    /// Hash of the block.
    public internal(set) var blockHash: Bytes32
    /// RLP of the block's header.
    public internal(set) var blockHeader: [UInt8]
    /// The root of the trie of receipts.
    public internal(set) var receiptsRoot: Bytes32
    /// Position of the transaction in the block, from 0.
    public internal(set) var transactionIndex: UInt64
    /// The receipt in consensus encoding (``ConsensusReceipt``).
    public internal(set) var receipt: [UInt8]
    /// Nodes of the trie from the top to the receipt.
    public internal(set) var receiptNodes: [[UInt8]]
    /// Position of the event among the receipt's logs, from 0. JSON-RPC's `logIndex` counts through the whole block.
    public internal(set) var logIndex: Int

    /// Makes the proof from a node's answers, and verifies it.
    ///
    /// - Parameters:
    ///   - network: `[A-Z0-9_]`, 1 to 32 of them.
    ///   - transaction: The transaction that disabled the key. One may disable several keys.
    ///   - header: Of the block that holds the transaction.
    ///   - receipts: All receipts of that block.
    /// - Throws: ``ProofError``: the answers contradict each other, or the event is not there.
    public init(
        network: String, chainID: UInt64, contract: Address, owner: Address, message: Bytes32,
        event: RevocationEvent = .keyDisabled, transaction: Bytes32, header: BlockHeader, receipts: BlockReceipts
    ) throws(ProofError) {
        guard Self.isNetworkName(network) else { throw ProofError(.malformed, "the network's name is malformed") }
        guard receipts.blockHash == header.hash else {
            throw ProofError(.wrongHeader, "the receipts are not of block \(header.hash)")
        }
        guard receipts.root == header.receiptsRoot else {
            throw ProofError(
                .wrongReceiptsRoot,
                "the receipts of block \(header.number) have the root \(receipts.root), its header names "
                    + "\(header.receiptsRoot): the answer is wrong, or the chain encodes receipts in a way of its own")
        }
        guard let index = receipts.transactions.firstIndex(of: transaction) else {
            throw ProofError(.wrongReceipt, "transaction \(transaction) is not in block \(header.number)")
        }
        let receipt = receipts.receipts[index]
        let found = receipt.logs.firstIndex {
            event.isIn($0, contract: contract, owner: owner, message: message)
        }
        guard let found else {
            throw ProofError(
                .noEvent,
                "transaction \(transaction) has no \(event.signature) of \(contract) for this owner and message")
        }
        self.network = network
        self.chainID = chainID
        self.contract = contract
        self.owner = owner
        self.message = message
        self.event = event
        blockNumber = header.number
        blockHash = header.hash
        blockHeader = header.encoded
        receiptsRoot = header.receiptsRoot
        transactionIndex = UInt64(index)
        self.receipt = receipt.encoded
        receiptNodes = receipts.trie.proof(of: MerklePatriciaTrie.key(of: UInt64(index))) ?? []
        logIndex = found
        _ = try verify(expecting: RevocationExpectation(event: event))
    }

    /// Makes the proof from the results of `eth_getBlockByHash` and `eth_getBlockReceipts` (or of
    /// `eth_getTransactionReceipt` for every transaction of the block, as an array), and verifies it.
    ///
    /// - Throws: ``ProofError``: the answers are malformed or contradict each other, or the event is not there.
    public init(
        network: String, chainID: UInt64, contract: Address, owner: Address, message: Bytes32,
        event: RevocationEvent = .keyDisabled, transaction: Bytes32, block: JSON, receipts: JSON
    ) throws(ProofError) {
        try self.init(
            network: network, chainID: chainID, contract: contract, owner: owner, message: message, event: event,
            transaction: transaction, header: try BlockHeader(json: block), receipts: try BlockReceipts(json: receipts))
    }

    /// Whether the message is one that the reference contract at ``contract`` issues on the chain ``chainID``: its
    /// upper 192 bits are those of `keccak256(chain id, contract)`. Other contracts have messages of other forms.
    public var messageNamesDeployment: Bool {
        let preimage = UInt256(chainID).bigEndianBytes + contract.word.bytes
        return Keccak256.hash(preimage).bytes.prefix(24) == message.bytes.prefix(24)
    }

    static func isNetworkName(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "_")
                }
            }
    }
}
