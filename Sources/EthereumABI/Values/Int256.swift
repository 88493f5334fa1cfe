public import EthereumCore

/// A signed 256-bit integer in two's complement, as the EVM keeps `int256`.
public struct Int256: Hashable, Sendable {
    /// The two's complement bits read as an unsigned number.
    public let bitPattern: UInt256

    /// The number with these two's complement bits.
    public init(bitPattern: UInt256) { self.bitPattern = bitPattern }

    /// The number with this sign and absolute value; nil outside -2^255 ... 2^255 - 1.
    public init?(isNegative: Bool, magnitude: UInt256) {
        if isNegative {
            guard magnitude <= Int256.signBit else { return nil }
            bitPattern = Word(magnitude).negated.uint256
        } else {
            guard magnitude < Int256.signBit else { return nil }
            bitPattern = magnitude
        }
    }

    /// A native integer.
    public init(_ value: Int) {
        let high: UInt64 = value < 0 ? .max : 0
        bitPattern = Word(high, high, high, UInt64(bitPattern: Int64(value))).uint256
    }

    /// Decimal digits with an optional minus sign; no other form.
    ///
    /// - Throws: ``ABIError`` with code `invalidValue` or `outOfRange`.
    public init(decimal text: String) throws(ABIError) {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = isNegative ? String(text.dropFirst()) : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw ABIError(.invalidValue, "expected a decimal integer")
        }
        guard let magnitude = try? UInt256(decimal: digits),
            let value = Int256(isNegative: isNegative, magnitude: magnitude)
        else { throw ABIError(.outOfRange, "the number does not fit in 256 signed bits") }
        self = value
    }

    static let signBit = Word(1 << 63, 0, 0, 0).uint256

    /// -2^255.
    public static let min = Int256(bitPattern: signBit)
    /// 2^255 - 1.
    public static let max = Int256(bitPattern: Word(UInt64.max >> 1, .max, .max, .max).uint256)
    /// 0.
    public static let zero = Int256(0)

    /// Whether the number is below 0.
    public var isNegative: Bool { Word(bitPattern).isNegative }

    /// The absolute value.
    public var magnitude: UInt256 { isNegative ? Word(bitPattern).negated.uint256 : bitPattern }
}

extension Int256: Comparable {
    /// Whether `left` is the smaller number.
    public static func < (left: Int256, right: Int256) -> Bool {
        left.isNegative == right.isNegative ? left.bitPattern < right.bitPattern : left.isNegative
    }
}

extension Int256: ExpressibleByIntegerLiteral {
    /// A native integer.
    public init(integerLiteral value: Int) { self.init(value) }
}

extension Int256: CustomStringConvertible {
    /// Decimal digits, with a minus sign below 0.
    public var description: String { (isNegative ? "-" : "") + magnitude.description }
}

extension Int64 {
    /// The same number, or nil when it does not fit.
    public init?(exactly value: Int256) {
        let word = Word(value.bitPattern)
        let low = Int64(bitPattern: word.w3)
        let sign: UInt64 = low < 0 ? .max : 0
        guard word.w0 == sign, word.w1 == sign, word.w2 == sign else { return nil }
        self = low
    }
}
