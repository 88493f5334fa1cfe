public import EthereumCore
import StrictJSON

extension RPCMethod where Response == UInt64 {
    /// `eth_chainId` (EIP-695).
    public static var chainID: RPCMethod<UInt64> {
        RPCMethod("eth_chainId", agreement: .exact(parts: { $0 })) { (reader) throws(RPCDecodingError) in
            try reader.uint64()
        }
    }

    /// `eth_blockNumber`: height of the head.
    public static var blockNumber: RPCMethod<UInt64> {
        RPCMethod("eth_blockNumber", agreement: .height) { (reader) throws(RPCDecodingError) in try reader.count() }
    }

    /// `eth_getTransactionCount`: the next nonce of an account. Without a block the endpoint takes its head.
    public static func transactionCount(_ address: Address, _ block: BlockID? = .latest) -> RPCMethod<UInt64> {
        // Pools differ from endpoint to endpoint: no quorum can be asked of them.
        let agreement: RPCAgreement = block == .pending ? .advice : .state(1, block)
        return RPCMethod("eth_getTransactionCount", .state(address, block), agreement: agreement) {
            (reader) throws(RPCDecodingError) in try reader.count()
        }
    }

    /// `eth_estimateGas`: gas that a transaction would need. A call that reverts is an error with its data.
    public static func estimateGas(_ call: CallRequest, _ block: BlockID? = nil) -> RPCMethod<UInt64> {
        RPCMethod("eth_estimateGas", [call.json] + (block.map { [$0.json] } ?? [])) {
            (reader) throws(RPCDecodingError) in
            try reader.count()
        }
    }
}

extension RPCMethod where Response == String {
    /// `net_version`: the network's id in decimal.
    public static var networkVersion: RPCMethod<String> {
        RPCMethod("net_version", agreement: .exact(parts: { $0 })) { (reader) throws(RPCDecodingError) in
            try reader.string()
        }
    }

    /// `web3_clientVersion`: name and version of the endpoint's software.
    public static var clientVersion: RPCMethod<String> {
        RPCMethod("web3_clientVersion") { (reader) throws(RPCDecodingError) in try reader.string() }
    }
}

extension RPCMethod where Response == Bool {
    /// `eth_syncing`: whether the endpoint is still catching up.
    public static var syncing: RPCMethod<Bool> {
        RPCMethod("eth_syncing") { (reader) throws(RPCDecodingError) in
            // false, or an object that tells how far it is.
            reader.json.objectValue != nil ? true : try reader.bool()
        }
    }
}

extension RPCMethod where Response == Block? {
    /// `eth_getBlockByNumber` or `eth_getBlockByHash`; nil where the endpoint has no such block.
    public static func block(_ block: BlockID, fullTransactions: Bool = false) -> RPCMethod<Block?> {
        let parts: @Sendable (JSON) -> JSON = Agreed.block
        let name: String
        let reference: JSON
        if case .hash(let hash) = block {
            (name, reference) = ("eth_getBlockByHash", .string(hash.hex))
        } else {
            (name, reference) = ("eth_getBlockByNumber", block.json)
        }
        let agreement: RPCAgreement =
            block == .pending
            ? .advice : block.isMoving ? .atBlock(index: 0, tag: block, parts: parts) : .exact(parts: parts)
        return RPCMethod(name, [reference, .bool(fullTransactions)], agreement: agreement) {
            (reader) throws(RPCDecodingError) in reader.json.isNull ? nil : try Block(reader)
        }
    }
}

extension RPCMethod where Response == UInt256 {
    /// `eth_getBalance` in wei. Without a block the endpoint takes its head.
    public static func balance(_ address: Address, _ block: BlockID? = .latest) -> RPCMethod<UInt256> {
        RPCMethod("eth_getBalance", .state(address, block), agreement: .state(1, block)) {
            (reader) throws(RPCDecodingError) in try reader.uint256()
        }
    }

    /// `eth_gasPrice` in wei per gas: what the endpoint would pay.
    public static var gasPrice: RPCMethod<UInt256> {
        RPCMethod("eth_gasPrice") { (reader) throws(RPCDecodingError) in try reader.uint256() }
    }

    /// `eth_maxPriorityFeePerGas` in wei per gas: the tip that the endpoint would pay.
    public static var maxPriorityFeePerGas: RPCMethod<UInt256> {
        RPCMethod("eth_maxPriorityFeePerGas") { (reader) throws(RPCDecodingError) in try reader.uint256() }
    }
}

extension RPCMethod where Response == [UInt8] {
    /// `eth_getCode`: the account's code, empty without one. Without a block the endpoint takes its head.
    public static func code(_ address: Address, _ block: BlockID? = .latest) -> RPCMethod<[UInt8]> {
        RPCMethod("eth_getCode", .state(address, block), agreement: .state(1, block)) {
            (reader) throws(RPCDecodingError) in try reader.bytes()
        }
    }

    /// `eth_call`: what a call returns. One that reverts is an error of class ``RPCErrorClass/reverted`` with its data.
    public static func call(_ call: CallRequest, _ block: BlockID? = .latest) -> RPCMethod<[UInt8]> {
        RPCMethod("eth_call", [call.json] + (block.map { [$0.json] } ?? []), agreement: .state(1, block)) {
            (reader) throws(RPCDecodingError) in try reader.bytes()
        }
    }
}

extension RPCMethod where Response == FeeHistory {
    /// `eth_feeHistory`: base fees of `blocks` blocks up to `newest`, with the tips at those percentiles (0 to 100,
    /// rising).
    public static func feeHistory(
        _ blocks: UInt64, newest: BlockID = .latest, percentiles: [Double] = []
    ) -> RPCMethod<FeeHistory> {
        let wanted: [JSON] = percentiles.map { value in
            if let whole = Int(exactly: value) { return .integer(whole) }
            return JSONNumber(value).map(JSON.number) ?? .null
        }
        return RPCMethod("eth_feeHistory", [.string(blocks.hexQuantity), newest.json, .array(wanted)]) {
            (reader) throws(RPCDecodingError) in try FeeHistory(reader)
        }
    }
}

extension [JSON] {
    static func state(_ address: Address, _ block: BlockID?) -> [JSON] {
        [.string(address.lowercaseHex)] + (block.map { [$0.json] } ?? [])
    }
}

extension RPCAgreement {
    /// A value of the state at a block, given as parameter `index`.
    static func state(_ index: Int, _ block: BlockID?) -> RPCAgreement {
        let tag = block ?? .latest
        return tag.isMoving ? .atBlock(index: index, tag: tag, parts: { $0 }) : .exact(parts: { $0 })
    }
}
