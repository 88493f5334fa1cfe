/// A JSON number as its literal text, so that 256-bit integers survive and nothing is rounded.
///
/// Two numbers are equal when their texts are equal: `1` and `1.0` differ.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The text of the number, exactly as it was written.
    public let literal: String

    /// The exact decimal text of an integer.
    public init(_ value: some BinaryInteger) { literal = String(value) }

    /// A finite floating-point value in the shortest text that reads back as the same value; nil for infinities and NaN.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        literal = value.description
    }

    /// Checks the text against the number grammar of RFC 8259, section 6.
    ///
    /// - Throws: ``JSONError`` of kind `invalidNumber`.
    public init(literal: String) throws(JSONError) {
        let bytes = Array(literal.utf8)
        guard JSONNumber.literalLength(in: bytes.span, from: 0) == bytes.count, !bytes.isEmpty else {
            throw JSONError(.invalidNumber)
        }
        self.literal = literal
    }

    init(checked literal: String) { self.literal = literal }

    public var description: String { literal }

    /// The value as an integer of the given type; nil when it has a fraction or an exponent, or does not fit.
    public func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? { T(literal) }

    /// The nearest double; nil when it is too large for one.
    public var double: Double? {
        guard let value = Double(literal), value.isFinite else { return nil }
        return value
    }

    /// Length of the number literal at `start`, or nil when there is none.
    static func literalLength(in bytes: Span<UInt8>, from start: Int) -> Int? {
        var position = start
        func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index] &- 0x30 <= 9 }
        func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

        if byte(position) == UInt8(ascii: "-") { position += 1 }
        guard isDigit(position) else { return nil }
        if byte(position) == UInt8(ascii: "0") {
            position += 1
            if isDigit(position) { return nil }
        } else {
            while isDigit(position) { position += 1 }
        }
        if byte(position) == UInt8(ascii: ".") {
            position += 1
            guard isDigit(position) else { return nil }
            while isDigit(position) { position += 1 }
        }
        if byte(position) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") { position += 1 }
            guard isDigit(position) else { return nil }
            while isDigit(position) { position += 1 }
        }
        return position - start
    }
}
