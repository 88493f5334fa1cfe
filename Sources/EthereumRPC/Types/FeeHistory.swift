public import EthereumCore

/// Fees of the last blocks (`eth_feeHistory`).
public struct FeeHistory: Sendable, Equatable {
    /// The first block that the arrays tell of.
    public let oldestBlock: UInt64
    /// Base fees in wei per gas, one for each block and one for the block after the last.
    public let baseFeePerGas: [UInt256]
    /// Share of the gas limit that each block used, 0 to 1.
    public let gasUsedRatio: [Double]
    /// For each block the tips at the percentiles that were asked for, in wei per gas; empty where none were asked for.
    public let rewards: [[UInt256]]

    init(_ reader: AnswerReader) throws(RPCDecodingError) {
        oldestBlock = try reader.member("oldestBlock").count()
        baseFeePerGas =
            try reader.optional("baseFeePerGas")?.list { (element) throws(RPCDecodingError) in
                try element.uint256()
            } ?? []
        gasUsedRatio =
            try reader.optional("gasUsedRatio")?.list { (element) throws(RPCDecodingError) in
                try element.double()
            } ?? []
        rewards =
            try reader.optional("reward")?.list { (row) throws(RPCDecodingError) in
                try row.list { (element) throws(RPCDecodingError) in try element.uint256() }
            } ?? []
    }
}
