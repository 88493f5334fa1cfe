import EthereumCore

extension BlockHeader.LaterFields {
    init(_ fields: RLPFields) throws(ProofError) {
        let count = fields.fields.count
        baseFeePerGas = count > 15 ? try fields.uint256(15) : nil
        withdrawalsRoot = count > 16 ? try fields.bytes32(16) : nil
        blobGasUsed = count > 17 ? try fields.uint64(17) : nil
        excessBlobGas = count > 18 ? try fields.uint64(18) : nil
        parentBeaconBlockRoot = count > 19 ? try fields.bytes32(19) : nil
        requestsHash = count > 20 ? try fields.bytes32(20) : nil
        unknown = Array(fields.fields.dropFirst(21))
    }

    init(_ reader: AnswerReader) throws(ProofError) {
        baseFeePerGas = try reader.optional("baseFeePerGas")?.uint256()
        withdrawalsRoot = try reader.optional("withdrawalsRoot")?.bytes32()
        blobGasUsed = try reader.optional("blobGasUsed")?.uint64()
        excessBlobGas = try reader.optional("excessBlobGas")?.uint64()
        parentBeaconBlockRoot = try reader.optional("parentBeaconBlockRoot")?.bytes32()
        requestsHash = try reader.optional("requestsHash")?.bytes32()
    }

    /// The fields up to the first that is missing; a hash over fewer fields than there are shows a gap.
    var items: [RLPItem] {
        let known: [RLPItem?] = [
            baseFeePerGas.map { .uint($0) }, withdrawalsRoot.map { .bytes($0.bytes) }, blobGasUsed.map { .uint($0) },
            excessBlobGas.map { .uint($0) }, parentBeaconBlockRoot.map { .bytes($0.bytes) },
            requestsHash.map { .bytes($0.bytes) },
        ]
        let present = known.prefix { $0 != nil }.compactMap(\.self)
        return present.count == known.count ? present + unknown : present
    }
}
