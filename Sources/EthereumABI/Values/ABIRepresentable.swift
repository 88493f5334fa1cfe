public import EthereumCore

/// A Swift type that ABI values can be read as and written from.
///
/// `UInt256`, `UInt64`, `UInt32`, `UInt16`, `UInt8`, `Int`, `Int64`, ``Int256``, `Bool`, `String`, `Address`, `Bytes32`, ``ABIFixedBytes``,
/// ``ABIFunctionReference``, ``ABIValue`` and arrays of these conform; `[UInt8]` stands for `bytes`.
public protocol ABIRepresentable: Sendable {
    /// Reads a value.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch` or `outOfRange`.
    init(abiValue: ABIValue) throws(ABIError)

    /// The value; integers become the widest type of their sign.
    var abiValue: ABIValue { get }

    /// Reads a list of values; `UInt8` reads `bytes` here.
    static func list(abiValue: ABIValue) throws(ABIError) -> [Self]

    /// A list as one value; `UInt8` writes `bytes` here.
    static func abiValue(ofList list: [Self]) -> ABIValue
}

extension ABIRepresentable {
    /// Reads an array.
    ///
    /// - Throws: ``ABIError`` whose path names the element.
    public static func list(abiValue: ABIValue) throws(ABIError) -> [Self] {
        guard case .array(let list) = abiValue else { throw abiValue.mismatch("an array") }
        var result: [Self] = []
        result.reserveCapacity(list.count)
        let values = list.storage.span
        for index in values.indices {
            do { result.append(try Self(abiValue: values[index])) } catch { throw error.within("[\(index)]") }
        }
        return result
    }

    /// An array.
    public static func abiValue(ofList list: [Self]) -> ABIValue { .array(list.map(\.abiValue)) }
}

extension ABIValue: ABIRepresentable {
    /// Reads any value.
    public init(abiValue: ABIValue) { self = abiValue }

    /// The value itself.
    public var abiValue: ABIValue { self }

    fileprivate func mismatch(_ expected: String) -> ABIError {
        ABIError(.typeMismatch, "expected \(expected), found \(kind)")
    }
}

extension UInt256: ABIRepresentable {
    /// Reads a `uint<M>`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .uint(let value) = abiValue else { throw abiValue.mismatch("an unsigned integer") }
        self = value
    }

    /// A `uint256`.
    public var abiValue: ABIValue { .uint(self) }
}

extension Int256: ABIRepresentable {
    /// Reads an `int<M>`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .int(let value) = abiValue else { throw abiValue.mismatch("a signed integer") }
        self = value
    }

    /// An `int256`.
    public var abiValue: ABIValue { .int(self) }
}

extension Bool: ABIRepresentable {
    /// Reads a `bool`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .bool(let value) = abiValue else { throw abiValue.mismatch("a boolean") }
        self = value
    }

    /// A `bool`.
    public var abiValue: ABIValue { .bool(self) }
}

extension String: ABIRepresentable {
    /// Reads a `string`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .string(let value) = abiValue else { throw abiValue.mismatch("a string") }
        self = value
    }

    /// A `string`.
    public var abiValue: ABIValue { .string(self) }
}

extension Address: ABIRepresentable {
    /// Reads an `address`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .address(let value) = abiValue else { throw abiValue.mismatch("an address") }
        self = value
    }

    /// An `address`.
    public var abiValue: ABIValue { .address(self) }
}

extension Bytes32: ABIRepresentable {
    /// Reads a `bytes32`, or the hash of an indexed value.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        switch abiValue {
        case .fixedBytes(let value) where value.count == 32: self = value.word
        case .topicHash(let hash): self = hash
        default: throw abiValue.mismatch("a bytes32")
        }
    }

    /// A `bytes32`.
    public var abiValue: ABIValue { .bytes32(self) }

    /// Reads a `bytes32[]`; contracts return long ones, so this has a loop of its own.
    ///
    /// - Throws: ``ABIError`` whose path names the element.
    public static func list(abiValue: ABIValue) throws(ABIError) -> [Bytes32] {
        guard case .array(let list) = abiValue else { throw abiValue.mismatch("an array") }
        var result: [Bytes32] = []
        result.reserveCapacity(list.count)
        let values = list.storage.span
        for index in values.indices {
            guard case .fixedBytes(let bytes) = values[index], bytes.count == 32 else {
                throw values[index].mismatch("a bytes32").within("[\(index)]")
            }
            result.append(bytes.word)
        }
        return result
    }
}

extension ABIFixedBytes: ABIRepresentable {
    /// Reads a `bytes<M>`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .fixedBytes(let value) = abiValue else { throw abiValue.mismatch("fixed bytes") }
        self = value
    }

    /// A `bytes<M>` of as many bytes.
    public var abiValue: ABIValue { .fixedBytes(self) }
}

extension ABIFunctionReference: ABIRepresentable {
    /// Reads a `function`.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) {
        guard case .function(let value) = abiValue else { throw abiValue.mismatch("a function") }
        self = value
    }

    /// A `function`.
    public var abiValue: ABIValue { .function(self) }
}

extension Array: ABIRepresentable where Element: ABIRepresentable {
    /// Reads a list of values.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch`.
    public init(abiValue: ABIValue) throws(ABIError) { self = try Element.list(abiValue: abiValue) }

    /// The list as one value.
    public var abiValue: ABIValue { Element.abiValue(ofList: self) }
}

// MARK: native integers

extension UInt64: ABIRepresentable {}
extension UInt32: ABIRepresentable {}
extension UInt16: ABIRepresentable {}
extension Int64: ABIRepresentable {}
extension Int: ABIRepresentable {}

extension UInt8: ABIRepresentable {
    /// Reads `bytes`, `bytes<n>` or an array of small integers.
    public static func list(abiValue: ABIValue) throws(ABIError) -> [UInt8] {
        switch abiValue {
        case .bytes(let bytes): return bytes
        case .fixedBytes(let bytes): return bytes.bytes
        case .array(let list):
            var result: [UInt8] = []
            for (index, value) in list.enumerated() {
                do { result.append(try UInt8(abiValue: value)) } catch { throw error.within("[\(index)]") }
            }
            return result
        default: throw abiValue.mismatch("bytes")
        }
    }

    /// `bytes`.
    public static func abiValue(ofList list: [UInt8]) -> ABIValue { .bytes(list) }
}

extension ABIRepresentable where Self: FixedWidthInteger & UnsignedInteger {
    /// Reads an unsigned integer that fits.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch` or `outOfRange`.
    public init(abiValue: ABIValue) throws(ABIError) {
        let number = try UInt256(abiValue: abiValue)
        guard let small = UInt64(exactly: number), let value = Self(exactly: small) else {
            throw ABIError(.outOfRange, "\(number) does not fit in \(Self.bitWidth) bits")
        }
        self = value
    }

    /// A `uint256`.
    public var abiValue: ABIValue { .uint(UInt256(UInt64(self))) }
}

extension ABIRepresentable where Self: FixedWidthInteger & SignedInteger {
    /// Reads a signed integer that fits, or an unsigned one.
    ///
    /// - Throws: ``ABIError`` with code `typeMismatch` or `outOfRange`.
    public init(abiValue: ABIValue) throws(ABIError) {
        let small: Int64?
        switch abiValue {
        case .int(let number): small = Int64(exactly: number)
        case .uint(let number): small = UInt64(exactly: number).flatMap { Int64(exactly: $0) }
        default: throw abiValue.mismatch("an integer")
        }
        guard let small, let value = Self(exactly: small) else {
            throw ABIError(.outOfRange, "\(abiValue) does not fit in \(Self.bitWidth) bits")
        }
        self = value
    }

    /// An `int256`.
    public var abiValue: ABIValue { .int(Int256(Int(self))) }
}
