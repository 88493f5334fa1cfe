/// A transaction before it is signed, of any supported envelope.
public enum Transaction: Hashable, Sendable {
    /// Type 0, with or without EIP-155.
    case legacy(LegacyTransaction)
    /// Type 1 (EIP-2930).
    case accessList(AccessListTransaction)
    /// Type 2 (EIP-1559).
    case dynamicFee(DynamicFeeTransaction)
}

extension Transaction {
    /// The type of EIP-2718; 0 for legacy ones.
    public var type: UInt8 {
        switch self {
        case .legacy: 0
        case .accessList: AccessListTransaction.type
        case .dynamicFee: DynamicFeeTransaction.type
        }
    }

    /// The bytes whose Keccak-256 is signed.
    public var signingPayload: [UInt8] {
        switch self {
        case .legacy(let transaction): transaction.signingPayload
        case .accessList(let transaction): transaction.signingPayload
        case .dynamicFee(let transaction): transaction.signingPayload
        }
    }

    /// The digest that is signed.
    public var signingDigest: Bytes32 { Keccak256.hash(signingPayload) }

    /// The transaction with a signature of its ``signingDigest``.
    public func signed(with signature: Signature) -> SignedTransaction {
        SignedTransaction(self, RawSignature(signature), signature)
    }

    /// Chain on which it is valid; nil for legacy ones from before EIP-155.
    public var chainID: UInt64? {
        switch self {
        case .legacy(let transaction): transaction.chainID
        case .accessList(let transaction): transaction.chainID
        case .dynamicFee(let transaction): transaction.chainID
        }
    }

    /// Number of transactions that the sender made before.
    public var nonce: UInt64 {
        switch self {
        case .legacy(let transaction): transaction.nonce
        case .accessList(let transaction): transaction.nonce
        case .dynamicFee(let transaction): transaction.nonce
        }
    }

    /// Units of gas.
    public var gasLimit: UInt64 {
        switch self {
        case .legacy(let transaction): transaction.gasLimit
        case .accessList(let transaction): transaction.gasLimit
        case .dynamicFee(let transaction): transaction.gasLimit
        }
    }

    /// Most that is paid per unit of gas, in wei: the gas price where there is one.
    public var maxFeePerGas: UInt256 {
        switch self {
        case .legacy(let transaction): transaction.gasPrice
        case .accessList(let transaction): transaction.gasPrice
        case .dynamicFee(let transaction): transaction.maxFeePerGas
        }
    }

    /// Most that goes to the block's producer per unit of gas, in wei: the gas price where there is one.
    public var maxPriorityFeePerGas: UInt256 {
        switch self {
        case .legacy(let transaction): transaction.gasPrice
        case .accessList(let transaction): transaction.gasPrice
        case .dynamicFee(let transaction): transaction.maxPriorityFeePerGas
        }
    }

    /// Receiver; nil creates a contract.
    public var to: Address? {
        switch self {
        case .legacy(let transaction): transaction.to
        case .accessList(let transaction): transaction.to
        case .dynamicFee(let transaction): transaction.to
        }
    }

    /// Amount in wei.
    public var value: UInt256 {
        switch self {
        case .legacy(let transaction): transaction.value
        case .accessList(let transaction): transaction.value
        case .dynamicFee(let transaction): transaction.value
        }
    }

    /// Call data, or the code that creates a contract.
    public var data: [UInt8] {
        switch self {
        case .legacy(let transaction): transaction.data
        case .accessList(let transaction): transaction.data
        case .dynamicFee(let transaction): transaction.data
        }
    }

    /// Announced addresses and slots; empty for legacy ones.
    public var accessList: [AccessListEntry] {
        switch self {
        case .legacy: []
        case .accessList(let transaction): transaction.accessList
        case .dynamicFee(let transaction): transaction.accessList
        }
    }
}
