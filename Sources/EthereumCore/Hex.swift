/// Hexadecimal text: two digits a byte, high nibble first.
public enum Hex {
    /// What a decoder expects in front of the digits.
    public enum Prefix: Sendable {
        /// `0x` must be there.
        case required
        /// `0x` must not be there.
        case absent
        /// Either form.
        case optional
    }

    /// Lower-case digits without a prefix.
    public static func encode(_ bytes: [UInt8]) -> String { text(bytes, prefixed: false) }

    /// Lower-case digits after `0x`.
    public static func encodePrefixed(_ bytes: [UInt8]) -> String { text(bytes, prefixed: true) }

    /// Decodes an even number of hex digits of either case.
    ///
    /// - Throws: ``HexError``; it names offsets, never digits.
    public static func decode(
        _ text: some StringProtocol, prefix: Prefix = .required
    ) throws(HexError) -> [UInt8] {
        try decode(utf8: Array(text.utf8), prefix: prefix)
    }

    /// Decodes an even number of hex digits of either case, given as ASCII.
    ///
    /// - Throws: ``HexError``; it names offsets, never digits.
    public static func decode(utf8: [UInt8], prefix: Prefix = .required) throws(HexError) -> [UInt8] {
        let hasPrefix = utf8.starts(with: [UInt8(ascii: "0"), UInt8(ascii: "x")])
        if hasPrefix, prefix == .absent { throw .unexpectedPrefix }
        if !hasPrefix, prefix == .required { throw .missingPrefix }
        let start = hasPrefix ? 2 : 0
        let count = utf8.count - start
        guard count.isMultiple(of: 2) else { throw .oddLength(count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 2)
        for index in stride(from: start, to: utf8.count, by: 2) {
            guard let high = nibble(utf8[index]) else { throw .invalidDigit(offset: index) }
            guard let low = nibble(utf8[index + 1]) else { throw .invalidDigit(offset: index + 1) }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// The value of one digit; nil for any other byte.
    @inline(__always)
    static func nibble(_ byte: UInt8) -> UInt8? {
        let decimal = byte &- UInt8(ascii: "0")
        if decimal <= 9 { return decimal }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter <= 5 ? letter + 10 : nil
    }

    /// The lower-case digit of a value below 16.
    @inline(__always)
    static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") &+ nibble : (UInt8(ascii: "a") - 10) &+ nibble
    }

    private static func text(_ bytes: [UInt8], prefixed: Bool) -> String {
        let start = prefixed ? 2 : 0
        return unsafe String(unsafeUninitializedCapacity: start + 2 * bytes.count) { buffer in
            if prefixed {
                unsafe buffer[0] = UInt8(ascii: "0")
                unsafe buffer[1] = UInt8(ascii: "x")
            }
            for index in bytes.indices {
                unsafe buffer[start + 2 * index] = digit(bytes[index] >> 4)
                unsafe buffer[start + 2 * index + 1] = digit(bytes[index] & 15)
            }
            return start + 2 * bytes.count
        }
    }
}

/// Why a text is not hexadecimal. Offsets are in bytes; the text itself is never repeated.
public enum HexError: Error, Sendable, Hashable, CustomStringConvertible {
    case missingPrefix
    case unexpectedPrefix
    case oddLength(Int)
    case invalidDigit(offset: Int)
    case wrongLength(expected: Int, found: Int)
    case notMinimal
    case tooLarge

    public var description: String {
        switch self {
        case .missingPrefix: "hex text must begin with 0x"
        case .unexpectedPrefix: "hex text must not begin with 0x"
        case .oddLength(let count): "hex text has \(count) digits, an odd number"
        case .invalidDigit(let offset): "not a hex digit at offset \(offset)"
        case .wrongLength(let expected, let found): "expected \(expected) bytes of hex, found \(found)"
        case .notMinimal: "a hex quantity needs at least one digit and no leading zeros"
        case .tooLarge: "the hex quantity does not fit"
        }
    }
}
