public import EthereumCore
public import StrictJSON

/// A block without its transactions' contents.
public struct Block: Sendable, Equatable {
    /// Height.
    public let number: UInt64
    /// Keccak-256 of the header, as the endpoint says.
    public let hash: Bytes32
    /// The block before.
    public let parentHash: Bytes32
    /// Seconds since 1970.
    public let timestamp: UInt64
    /// Wei per gas that is burnt (EIP-1559); nil on chains without one.
    public let baseFeePerGas: UInt256?
    /// Gas that fits into the block.
    public let gasLimit: UInt64
    /// Gas used by its transactions.
    public let gasUsed: UInt64
    /// Hashes of its transactions in order.
    public let transactions: [Bytes32]
    /// Root of the trie of receipts.
    public let receiptsRoot: Bytes32
    /// The whole answer.
    public let raw: JSON

    init(_ reader: AnswerReader) throws(RPCDecodingError) {
        number = try reader.member("number").count()
        hash = try reader.member("hash").bytes32()
        parentHash = try reader.member("parentHash").bytes32()
        timestamp = try reader.member("timestamp").count()
        baseFeePerGas = try reader.optional("baseFeePerGas")?.uint256()
        gasLimit = try reader.member("gasLimit").uint64()
        gasUsed = try reader.member("gasUsed").uint64()
        transactions = try reader.member("transactions").list { (element) throws(RPCDecodingError) in
            // Hashes, or whole transactions where the caller asked for them.
            try (element.json.objectValue == nil ? element : element.member("hash")).bytes32()
        }
        receiptsRoot = try reader.member("receiptsRoot").bytes32()
        raw = reader.json
    }
}
