public import EthereumCore
import StrictJSON

/// A message call that is not a transaction (`eth_call`, `eth_estimateGas`).
public struct CallRequest: Sendable, Hashable {
    /// The caller; nil means the zero address.
    public var from: Address?
    /// The contract; nil for a creation.
    public var to: Address?
    /// Gas limit.
    public var gas: UInt64?
    /// Wei per gas, legacy.
    public var gasPrice: UInt256?
    /// Wei per gas at most (EIP-1559).
    public var maxFeePerGas: UInt256?
    /// Wei per gas for the block's builder (EIP-1559).
    public var maxPriorityFeePerGas: UInt256?
    /// The caller's counter.
    public var nonce: UInt64?
    /// Wei.
    public var value: UInt256?
    /// Call data.
    public var data: [UInt8]

    /// A call with these fields.
    public init(
        from: Address? = nil, to: Address?, data: [UInt8] = [], value: UInt256? = nil, gas: UInt64? = nil,
        gasPrice: UInt256? = nil, maxFeePerGas: UInt256? = nil, maxPriorityFeePerGas: UInt256? = nil,
        nonce: UInt64? = nil
    ) {
        self.from = from
        self.to = to
        self.data = data
        self.value = value
        self.gas = gas
        self.gasPrice = gasPrice
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.nonce = nonce
    }

    var json: JSON {
        var object = JSONObject()
        if let from { object["from"] = .string(from.lowercaseHex) }
        if let gas { object["gas"] = .string(gas.hexQuantity) }
        if let gasPrice { object["gasPrice"] = .string(gasPrice.hexQuantity) }
        if !data.isEmpty { object["input"] = .string(Hex.encodePrefixed(data)) }
        if let maxFeePerGas { object["maxFeePerGas"] = .string(maxFeePerGas.hexQuantity) }
        if let maxPriorityFeePerGas { object["maxPriorityFeePerGas"] = .string(maxPriorityFeePerGas.hexQuantity) }
        if let nonce { object["nonce"] = .string(nonce.hexQuantity) }
        if let to { object["to"] = .string(to.lowercaseHex) }
        if let value { object["value"] = .string(value.hexQuantity) }
        return .object(object)
    }
}
