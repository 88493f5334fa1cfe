public import EthereumCore

/// A value of a Solidity ABI type.
///
/// Numbers, addresses and short byte strings are held inside the enum, so that an array of them is one block of
/// memory. Containers are ``ABIList``; members of static tuples in one array share their storage. Strings compare as
/// Swift's do, by canonical equivalence; for equality byte by byte compare encodings.
public enum ABIValue: Hashable, Sendable {
    /// `uint8` to `uint256`.
    case uint(UInt256)
    /// `int8` to `int256`.
    case int(Int256)
    /// `address`.
    case address(Address)
    /// `bool`.
    case bool(Bool)
    /// `bytes1` to `bytes32`.
    case fixedBytes(ABIFixedBytes)
    /// `bytes`.
    case bytes([UInt8])
    /// `string`.
    case string(String)
    /// `function`.
    case function(ABIFunctionReference)
    /// `fixed<M>x<N>`, raw: the number times 10^N.
    case fixed(Int256)
    /// `ufixed<M>x<N>`, raw: the number times 10^N.
    case ufixed(UInt256)
    /// `T[]` and `T[k]`.
    case array(ABIList)
    /// `(T1,...,Tn)`.
    case tuple(ABIList)
    /// Only in decoded logs: the Keccak-256 hash that stands for an indexed parameter of a dynamic or compound type.
    case topicHash(Bytes32)

    /// An array of values.
    public static func array(_ elements: [ABIValue]) -> ABIValue { .array(ABIList(elements)) }
    /// A tuple of values.
    public static func tuple(_ members: [ABIValue]) -> ABIValue { .tuple(ABIList(members)) }
    /// A `bytes32`.
    public static func bytes32(_ value: Bytes32) -> ABIValue { .fixedBytes(ABIFixedBytes(value)) }
    /// An array of `bytes32`.
    public static func bytes32Array(_ values: [Bytes32]) -> ABIValue { .array(ABIList(values.map { .bytes32($0) })) }

    /// The kind, for error messages.
    var kind: String {
        switch self {
        case .uint: return "an unsigned integer"
        case .int: return "a signed integer"
        case .address: return "an address"
        case .bool: return "a boolean"
        case .fixedBytes(let value): return "a bytes\(value.count)"
        case .bytes: return "bytes"
        case .string: return "a string"
        case .function: return "a function"
        case .fixed: return "a signed fixed-point number"
        case .ufixed: return "an unsigned fixed-point number"
        case .array: return "an array"
        case .tuple: return "a tuple"
        case .topicHash: return "the hash of an indexed value"
        }
    }
}

extension ABIValue: ExpressibleByBooleanLiteral, ExpressibleByStringLiteral {
    /// A `bool`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A `string`.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension ABIValue: CustomStringConvertible {
    /// The JSON form, for people: integers in decimal, bytes as 0x hex, containers in brackets or parentheses.
    public var description: String {
        switch self {
        case .uint(let value), .ufixed(let value): return value.description
        case .int(let value), .fixed(let value): return value.description
        case .address(let value): return value.description
        case .bool(let value): return value ? "true" : "false"
        case .fixedBytes(let value): return value.description
        case .bytes(let value): return Hex.encodePrefixed(value)
        case .string(let value): return quotedForPeople(value)
        case .function(let value): return value.description
        case .array(let list): return "[" + list.map(\.description).joined(separator: ", ") + "]"
        case .tuple(let list): return "(" + list.map(\.description).joined(separator: ", ") + ")"
        case .topicHash(let hash): return "hash " + hash.description
        }
    }
}

/// A string in quotes with control characters escaped, so that a hostile one cannot forge log lines or terminal output.
func quotedForPeople(_ text: String) -> String { "\"" + escapedForPeople(text) + "\"" }

/// At most 1,024 scalars, with control and direction-changing characters escaped.
func escapedForPeople(_ text: String) -> String {
    var result = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == 1024 { return result + "..." }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
