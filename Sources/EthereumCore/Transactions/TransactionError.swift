/// A field of a transaction, by its name in the standards.
public enum TransactionField: String, Sendable, Hashable {
    case chainID = "chainId"
    case nonce, gasPrice, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, accessList
    case accessListAddress = "accessList.address"
    case accessListStorageKey = "accessList.storageKeys"
    case v, yParity, r, s
}

/// Why bytes are not a canonical raw transaction.
public enum TransactionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with a field.
    public enum FieldFault: Sendable, Hashable {
        case isAList
        case notAList
        case notAnEntry
        case leadingZero
        case tooLarge(bits: Int)
        case wrongLength(expected: Int)
        case invalid
    }

    case empty
    case unsupportedType(UInt8)
    case rlp(RLPError)
    case notAList
    case wrongFieldCount(expected: Int, found: Int)
    case field(TransactionField, FieldFault)
    case signature(SignatureError)

    public var description: String {
        switch self {
        case .empty: "no transaction: no bytes"
        case .unsupportedType(3): "a blob transaction (type 3, EIP-4844) is not supported; types 0, 1 and 2 are"
        case .unsupportedType(4): "a set-code transaction (type 4, EIP-7702) is not supported; types 0, 1 and 2 are"
        case .unsupportedType(let type) where type == 0 || type >= 0x80:
            "no transaction begins with byte \(Hex.encodePrefixed([type])): legacy ones are lists, others have a type"
        case .unsupportedType(let type): "transaction type \(type) is not supported (0, 1 and 2 are)"
        case .rlp(let error): error.description
        case .notAList: "a transaction is a list"
        case .wrongFieldCount(let expected, let found):
            "a transaction of this type has \(expected) fields, not \(found)"
        case .field(let field, let fault): "\(field.rawValue): \(fault.message)"
        case .signature(let error): error.description
        }
    }
}

extension TransactionError.FieldFault {
    var message: String {
        switch self {
        case .isAList: "a list where bytes belong"
        case .notAList: "bytes where a list belongs"
        case .notAnEntry: "not a pair of address and storage keys"
        case .leadingZero: "an integer with a leading zero"
        case .tooLarge(let bits): "does not fit into \(bits) bits"
        case .wrongLength(let expected): "not \(expected) bytes"
        case .invalid: "not a possible value"
        }
    }
}
