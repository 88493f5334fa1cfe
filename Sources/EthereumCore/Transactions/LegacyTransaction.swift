/// A transaction without a type byte: bound to a chain by EIP-155 when it has a chain id, valid on every chain otherwise.
public struct LegacyTransaction: Hashable, Sendable {
    /// Chain id of EIP-155; nil for the form before it.
    public var chainID: UInt64?

    /// Number of transactions that the sender made before.
    public var nonce: UInt64

    /// Wei per unit of gas.
    public var gasPrice: UInt256

    /// Units of gas.
    public var gasLimit: UInt64

    /// Receiver; nil creates a contract.
    public var to: Address?

    /// Amount in wei.
    public var value: UInt256

    /// Call data, or the code that creates a contract.
    public var data: [UInt8]

    /// A transaction before it is signed; see the properties for the units. Give a chain id: without one the signed
    /// transaction is valid on every chain.
    public init(
        chainID: UInt64?, nonce: UInt64, gasPrice: UInt256, gasLimit: UInt64, to: Address?, value: UInt256 = 0,
        data: [UInt8] = []
    ) {
        self.chainID = chainID
        self.nonce = nonce
        self.gasPrice = gasPrice
        self.gasLimit = gasLimit
        self.to = to
        self.value = value
        self.data = data
    }

    private var fields: [RLPItem] {
        [.uint(nonce), .uint(gasPrice), .uint(gasLimit), .address(to), .uint(value), .bytes(data)]
    }

    /// The bytes whose Keccak-256 is signed (EIP-155).
    var signingPayload: [UInt8] {
        guard let chainID else { return RLP.encode(.list(fields)) }
        return RLP.encode(.list(fields + [.uint(chainID), .uint(0 as UInt64), .uint(0 as UInt64)]))
    }

    /// v of the signed transaction: 27 + parity, or 35 + 2 chain id + parity (EIP-155).
    public func v(yParity: UInt8) -> UInt256 {
        UInt256((chainID.map { UInt128($0) * 2 + 35 } ?? 27) + UInt128(yParity))
    }

    /// The signed transaction.
    func encoded(_ signature: RawSignature) -> [UInt8] {
        let v = v(yParity: signature.yParity)
        return RLP.encode(.list(fields + [.uint(v), .uint(UInt256(signature.r)), .uint(UInt256(signature.s))]))
    }

    static func decode(_ item: RLPItem) throws(TransactionError) -> (LegacyTransaction, RawSignature) {
        var reader = try FieldReader(item, count: 9)
        var transaction = LegacyTransaction(
            chainID: nil, nonce: try reader.uint64(.nonce), gasPrice: try reader.uint256(.gasPrice),
            gasLimit: try reader.uint64(.gasLimit), to: try reader.address(.to), value: try reader.uint256(.value),
            data: try reader.bytes(.data))
        let v = try reader.uint256(.v)
        let parity: UInt8
        if v == 27 || v == 28 {
            parity = v == 28 ? 1 : 0
        } else {
            guard v >= 35 else { throw .field(.v, .invalid) }
            guard let small = UInt128(exactly: v), let chainID = UInt64(exactly: (small - 35) / 2) else {
                throw .field(.chainID, .tooLarge(bits: 64))
            }
            transaction.chainID = chainID
            parity = UInt8((small - 35) % 2)
        }
        return (transaction, try reader.signature(yParity: parity))
    }
}
