public import EthereumCore
public import StrictJSON

/// A transaction as an endpoint shows it.
public struct RPCTransaction: Sendable, Equatable {
    /// Keccak-256 of its bytes, as the endpoint says.
    public let hash: Bytes32
    /// The sender.
    public let from: Address
    /// The recipient; nil for a contract's creation.
    public let to: Address?
    /// The sender's counter.
    public let nonce: UInt64
    /// Wei.
    public let value: UInt256
    /// Gas limit.
    public let gas: UInt64
    /// Wei per gas: of a legacy transaction, or what a mined one paid.
    public let gasPrice: UInt256?
    /// Wei per gas at most (EIP-1559).
    public let maxFeePerGas: UInt256?
    /// Wei per gas for the block's builder (EIP-1559).
    public let maxPriorityFeePerGas: UInt256?
    /// Call data.
    public let input: [UInt8]
    /// Type of the envelope (EIP-2718); 0 for legacy ones.
    public let type: UInt64
    /// The block's height; nil while pending.
    public let blockNumber: UInt64?
    /// The block; nil while pending.
    public let blockHash: Bytes32?
    /// Its place in the block; nil while pending.
    public let transactionIndex: UInt64?
    /// The whole answer.
    public let raw: JSON

    init(_ reader: AnswerReader) throws(RPCDecodingError) {
        hash = try reader.member("hash").bytes32()
        from = try reader.member("from").address()
        to = try reader.optional("to")?.address()
        nonce = try reader.member("nonce").count()
        value = try reader.member("value").uint256()
        gas = try reader.member("gas").uint64()
        gasPrice = try reader.optional("gasPrice")?.uint256()
        maxFeePerGas = try reader.optional("maxFeePerGas")?.uint256()
        maxPriorityFeePerGas = try reader.optional("maxPriorityFeePerGas")?.uint256()
        input = try reader.member("input").bytes()
        type = try reader.optional("type")?.uint64() ?? 0
        blockNumber = try reader.optional("blockNumber")?.count()
        blockHash = try reader.optional("blockHash")?.bytes32()
        transactionIndex = try reader.optional("transactionIndex")?.count()
        raw = reader.json
    }
}
