public import EthereumCore
public import StrictJSON

/// What an executed transaction did.
public struct Receipt: Sendable, Equatable {
    /// The transaction.
    public let transactionHash: Bytes32
    /// The block that holds it.
    public let blockHash: Bytes32
    /// That block's height.
    public let blockNumber: UInt64
    /// Its place in the block.
    public let transactionIndex: UInt64
    /// Whether it succeeded (EIP-658). Receipts from before Byzantium do not say; they read as failed.
    public let status: Bool
    /// Gas used by this transaction.
    public let gasUsed: UInt64
    /// Wei per gas that was paid; nil where the endpoint does not say.
    public let effectiveGasPrice: UInt256?
    /// Events in order.
    public let logs: [Log]
    /// The sender.
    public let from: Address
    /// The recipient; nil for a contract's creation.
    public let to: Address?
    /// The contract that was created.
    public let contractAddress: Address?
    /// Wei paid for the data's publication on chains of the OP stack.
    public let l1Fee: UInt256?
    /// The whole answer.
    public let raw: JSON

    init(_ reader: AnswerReader) throws(RPCDecodingError) {
        transactionHash = try reader.member("transactionHash").bytes32()
        blockHash = try reader.member("blockHash").bytes32()
        blockNumber = try reader.member("blockNumber").count()
        transactionIndex = try reader.member("transactionIndex").count()
        if let status = try reader.optional("status") {
            let value = try status.uint64()
            guard value <= 1 else { throw status.invalid("expected 0x0 or 0x1") }
            self.status = value == 1
        } else {
            _ = try reader.member("root").string()
            status = false
        }
        gasUsed = try reader.member("gasUsed").count()
        effectiveGasPrice = try reader.optional("effectiveGasPrice")?.uint256()
        logs = try reader.member("logs").list(Log.init)
        from = try reader.member("from").address()
        to = try reader.optional("to")?.address()
        contractAddress = try reader.optional("contractAddress")?.address()
        l1Fee = try reader.optional("l1Fee")?.uint256()
        raw = reader.json
    }
}
