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
        /// A list where bytes belong.
        case isAList
        /// Bytes where a list belongs.
        case notAList
        /// Not a pair of an address and its storage keys.
        case notAnEntry
        /// An integer with a leading zero byte, or zero as a byte.
        case leadingZero
        /// An integer that does not fit into so many bits.
        case tooLarge(bits: Int)
        /// Not so many bytes.
        case wrongLength(expected: Int)
        /// A value that the field cannot have.
        case invalid
    }

    /// No bytes at all.
    case empty
    /// A first byte that begins no list and is no supported type (EIP-2718).
    case unsupportedType(UInt8)
    /// Not canonical RLP.
    case rlp(RLPError)
    /// RLP of bytes instead of a list.
    case notAList
    /// Another number of fields than the type has.
    case wrongFieldCount(expected: Int, found: Int)
    /// A field with a fault.
    case field(TransactionField, FieldFault)
    /// r or s out of range, or no signature of anybody.
    case signature(SignatureError)

    /// One line for people; names the field.
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
