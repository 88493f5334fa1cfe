/// A transaction of type 1 (EIP-2930): gas price as in legacy ones, and an access list.
public struct AccessListTransaction: Hashable, Sendable {
    /// The type byte in front of the list (EIP-2718).
    public static let type: UInt8 = 1

    /// Chain on which it is valid.
    public var chainID: UInt64

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

    /// Announced addresses and slots.
    public var accessList: [AccessListEntry]

    /// A transaction before it is signed; see the properties for the units.
    public init(
        chainID: UInt64, nonce: UInt64, gasPrice: UInt256, gasLimit: UInt64, to: Address?, value: UInt256 = 0,
        data: [UInt8] = [], accessList: [AccessListEntry] = []
    ) {
        self.chainID = chainID
        self.nonce = nonce
        self.gasPrice = gasPrice
        self.gasLimit = gasLimit
        self.to = to
        self.value = value
        self.data = data
        self.accessList = accessList
    }

    private var fields: [RLPItem] {
        [
            .uint(chainID), .uint(nonce), .uint(gasPrice), .uint(gasLimit), .address(to), .uint(value), .bytes(data),
            accessList.rlp,
        ]
    }

    /// The bytes whose Keccak-256 is signed.
    var signingPayload: [UInt8] { [Self.type] + RLP.encode(.list(fields)) }

    func encoded(_ signature: RawSignature) -> [UInt8] { [Self.type] + RLP.encode(.list(fields + signature.fields)) }

    static func decode(_ item: RLPItem) throws(TransactionError) -> (AccessListTransaction, RawSignature) {
        var reader = try FieldReader(item, count: 11)
        let transaction = AccessListTransaction(
            chainID: try reader.uint64(.chainID), nonce: try reader.uint64(.nonce),
            gasPrice: try reader.uint256(.gasPrice), gasLimit: try reader.uint64(.gasLimit),
            to: try reader.address(.to), value: try reader.uint256(.value), data: try reader.bytes(.data),
            accessList: try [AccessListEntry](rlp: reader.next()))
        return (transaction, try reader.signature(yParity: try reader.yParity()))
    }
}
