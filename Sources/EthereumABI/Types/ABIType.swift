/// A type of the Solidity contract ABI.
///
/// Standard: Contract ABI Specification, "Types". `parsing:` reads the canonical form and the aliases `uint`, `int`,
/// `fixed`, `ufixed`, `byte` and `address payable`; ``canonical`` writes the form that selectors are hashed from.
public indirect enum ABIType: Hashable, Sendable {
    /// `uint<bits>`: 8, 16, ... 256 bits.
    case uint(bits: Int)
    /// `int<bits>`: 8, 16, ... 256 bits, two's complement.
    case int(bits: Int)
    /// `address`: 20 bytes.
    case address
    /// `bool`.
    case bool
    /// `bytes<count>`: 1 to 32 bytes, left-aligned.
    case fixedBytes(count: Int)
    /// `bytes`: any number of bytes.
    case bytes
    /// `string`: UTF-8.
    case string
    /// `function`: an address and a selector, 24 bytes.
    case function
    /// `fixed<bits>x<decimals>`: a signed number divided by 10^decimals (1 to 80).
    case fixed(bits: Int, decimals: Int)
    /// `ufixed<bits>x<decimals>`: an unsigned number divided by 10^decimals (1 to 80).
    case ufixed(bits: Int, decimals: Int)
    /// `T[]`.
    case array(ABIType)
    /// `T[count]`.
    case fixedArray(ABIType, count: Int)
    /// `(T1,...,Tn)`, with the members' names where they are known.
    case tuple([ABIParameter])

    /// Deepest nesting of arrays and tuples that is accepted anywhere.
    public static let maximumDepth = 64

    /// `uint256`.
    public static let uint256 = ABIType.uint(bits: 256)
    /// `bytes32`.
    public static let bytes32 = ABIType.fixedBytes(count: 32)

    /// A tuple of unnamed members.
    public static func tuple(_ members: [ABIType]) -> ABIType {
        .tuple(members.map { ABIParameter(type: $0) })
    }

    /// Parses a type such as `uint256`, `bytes32[]`, `(address,uint64[2])[3]` or `tuple(address to, uint amount)`.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(parsing text: String) throws(ABIError) {
        var scanner = SignatureScanner(text)
        scanner.skipSpaces()
        self = try scanner.type(depth: 0)
        try scanner.expectEnd()
    }

    /// The form that selectors and topics are hashed from: no names, no aliases, no spaces.
    public var canonical: String {
        switch self {
        case .uint(let bits): return "uint\(bits)"
        case .int(let bits): return "int\(bits)"
        case .address: return "address"
        case .bool: return "bool"
        case .fixedBytes(let count): return "bytes\(count)"
        case .bytes: return "bytes"
        case .string: return "string"
        case .function: return "function"
        case .fixed(let bits, let decimals): return "fixed\(bits)x\(decimals)"
        case .ufixed(let bits, let decimals): return "ufixed\(bits)x\(decimals)"
        case .array(let element): return element.canonical + "[]"
        case .fixedArray(let element, let count): return element.canonical + "[\(count)]"
        case .tuple(let members): return ABIType.canonical(members)
        }
    }

    /// `(T1,...,Tn)` of a parameter list.
    static func canonical(_ parameters: [ABIParameter]) -> String {
        var text = "("
        for (index, parameter) in parameters.enumerated() {
            if index > 0 { text += "," }
            text += parameter.type.canonical
        }
        return text + ")"
    }

    /// Whether the value sits behind an offset (Contract ABI Specification, "Formal Specification of the Encoding").
    public var isDynamic: Bool {
        switch self {
        case .bytes, .string, .array: return true
        case .fixedArray(let element, _): return element.isDynamic
        case .tuple(let members): return members.contains { $0.type.isDynamic }
        default: return false
        }
    }

    /// Whether the value is one 32-byte word; only such values stand in an event topic as they are.
    public var isWord: Bool {
        switch self {
        case .bytes, .string, .array, .fixedArray, .tuple: return false
        default: return true
        }
    }
}

extension ABIType: CustomStringConvertible {
    /// ``canonical``.
    public var description: String { canonical }
}

extension ABIType {
    /// Checks widths and counts; `isDynamic` and `canonical` are meaningful for valid types only.
    func checkWidths() throws(ABIError) {
        switch self {
        case .uint(let bits), .int(let bits):
            guard ABIType.isIntegerWidth(bits) else {
                throw ABIError(.invalidType, "\(canonical): integers have 8, 16, ... 256 bits")
            }
        case .fixed(let bits, let decimals), .ufixed(let bits, let decimals):
            guard ABIType.isIntegerWidth(bits), (1...80).contains(decimals) else {
                throw ABIError(
                    .invalidType, "\(canonical): fixed-point types have 8, 16, ... 256 bits and 1 to 80 decimals")
            }
        case .fixedBytes(let count):
            guard (1...32).contains(count) else {
                throw ABIError(.invalidType, "\(canonical): fixed byte strings have 1 to 32 bytes")
            }
        case .fixedArray(_, let count):
            guard count >= 0 else { throw ABIError(.invalidType, "an array cannot have \(count) elements") }
        default: break
        }
    }

    static func isIntegerWidth(_ bits: Int) -> Bool { bits >= 8 && bits <= 256 && bits % 8 == 0 }
}
