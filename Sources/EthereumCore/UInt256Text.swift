/// Why a text is not a 256-bit number. The text is never repeated.
public enum NumberError: Error, Sendable, Hashable, CustomStringConvertible {
    case notDecimal
    case tooLarge

    public var description: String {
        switch self {
        case .notDecimal: "not a decimal number without sign and leading zeros"
        case .tooLarge: "the number does not fit into 256 bits"
        }
    }
}

extension UInt256: CustomStringConvertible {
    /// Largest power of ten in a limb: 10^19.
    private static let chunk: UInt64 = 10_000_000_000_000_000_000

    /// The decimal digits.
    public var description: String {
        var rest = self
        var text = ""
        while true {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: Self.chunk)
            let digits = String(remainder)
            if quotient.isZero { return digits + text }
            text = String(repeating: "0", count: 19 - digits.utf8.count) + digits + text
            rest = quotient
        }
    }

    /// Decimal digits only: no sign, no leading zeros, no separators.
    ///
    /// - Throws: ``NumberError``.
    public init(decimal text: some StringProtocol) throws(NumberError) {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count == 1 || digits[0] != UInt8(ascii: "0") else { throw .notDecimal }
        guard digits.allSatisfy({ $0 &- 0x30 <= 9 }) else { throw .notDecimal }
        // 2^256 has 78 digits.
        guard digits.count <= 78 else { throw .tooLarge }
        var value = UInt256.zero
        for digit in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt256(UInt64(digit &- 0x30)))
            guard !overflow, !carry else { throw .tooLarge }
            value = sum
        }
        self = value
    }

    /// A quantity of the JSON-RPC standard: `0x` and hex digits without leading zeros (`0x0` for zero).
    ///
    /// - Throws: ``HexError``.
    public init(hexQuantity text: some StringProtocol) throws(HexError) {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 2, utf8[0] == UInt8(ascii: "0"), utf8[1] == UInt8(ascii: "x") else { throw .missingPrefix }
        let digits = utf8[2...]
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { throw .notMinimal }
        var value = UInt256.zero
        for index in digits.indices {
            guard let nibble = Hex.nibble(digits[index]) else { throw .invalidDigit(offset: index) }
            guard digits.count <= 64 else { continue }
            value = value << 4
            value.limb0 |= UInt64(nibble)
        }
        guard digits.count <= 64 else { throw .tooLarge }
        self = value
    }

    /// The quantity form of the JSON-RPC standard: `0x0`, `0x1a`.
    public var hexQuantity: String {
        let limbs = [limb3, limb2, limb1, limb0]
        guard let first = limbs.firstIndex(where: { $0 != 0 }) else { return "0x0" }
        var text = "0x" + String(limbs[first], radix: 16)
        for limb in limbs[(first + 1)...] {
            let digits = String(limb, radix: 16)
            text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return text
    }
}

extension UInt64 {
    /// A quantity of the JSON-RPC standard: `0x` and hex digits without leading zeros.
    ///
    /// - Throws: ``HexError``; `tooLarge` when it needs more than 64 bits.
    public init(hexQuantity text: some StringProtocol) throws(HexError) {
        guard let value = UInt64(exactly: try UInt256(hexQuantity: text)) else { throw .tooLarge }
        self = value
    }

    /// The quantity form of the JSON-RPC standard: `0x0`, `0x1a`.
    public var hexQuantity: String { "0x" + String(self, radix: 16) }
}
