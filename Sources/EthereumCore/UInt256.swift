/// A 256-bit unsigned integer, stored inline: amounts in wei, gas prices, ABI words.
///
/// The plain operators trap on overflow as those of the standard library do; each has a reporting form for values that
/// come from outside.
public struct UInt256: Hashable, Sendable {
    // Least significant limb first.
    var limb0: UInt64
    var limb1: UInt64
    var limb2: UInt64
    var limb3: UInt64

    @inline(__always)
    init(limbs limb0: UInt64, _ limb1: UInt64, _ limb2: UInt64, _ limb3: UInt64) {
        self.limb0 = limb0
        self.limb1 = limb1
        self.limb2 = limb2
        self.limb3 = limb3
    }

    /// 0.
    public static let zero = UInt256(limbs: 0, 0, 0, 0)

    /// 2^256 - 1.
    public static let max = UInt256(limbs: .max, .max, .max, .max)

    /// A 64-bit value.
    public init(_ value: UInt64) { self.init(limbs: value, 0, 0, 0) }

    /// A 128-bit value.
    public init(_ value: UInt128) {
        self.init(limbs: UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64), 0, 0)
    }

    /// Any integer; nil when it is negative or too large.
    public init?(exactly value: some BinaryInteger) {
        guard value >= 0 else { return nil }
        var limbs: [UInt64] = []
        var rest = value.magnitude
        while rest != 0 {
            guard limbs.count < 4 else { return nil }
            limbs.append(UInt64(truncatingIfNeeded: rest))
            // Two steps, since a type of 64 bits must not be shifted by its whole width on principle.
            rest >>= 32
            rest >>= 32
        }
        while limbs.count < 4 { limbs.append(0) }
        self.init(limbs: limbs[0], limbs[1], limbs[2], limbs[3])
    }

    /// The 32 bytes as a big-endian number.
    public init(_ value: Bytes32) { self.init(limbs: value.word3, value.word2, value.word1, value.word0) }

    /// Up to 32 bytes as a big-endian number; nil when there are more.
    public init?(bigEndian bytes: some Collection<UInt8>) {
        guard bytes.count <= 32 else { return nil }
        var value = UInt256.zero
        for byte in bytes {
            value.limb3 = value.limb3 << 8 | value.limb2 >> 56
            value.limb2 = value.limb2 << 8 | value.limb1 >> 56
            value.limb1 = value.limb1 << 8 | value.limb0 >> 56
            value.limb0 = value.limb0 << 8 | UInt64(byte)
        }
        self = value
    }

    /// The 32 bytes, most significant first.
    public var bigEndianBytes: [UInt8] { Bytes32(self).bytes }

    /// The bytes without leading zeros, most significant first; empty for zero (the form of RLP).
    public var minimalBigEndianBytes: [UInt8] { Array(bigEndianBytes.suffix((bitCount + 7) / 8)) }

    /// Whether this is zero.
    public var isZero: Bool { limb0 | limb1 | limb2 | limb3 == 0 }

    /// Zero bits in front of the first one; 256 for zero.
    public var leadingZeroBitCount: Int { 256 - bitCount }

    /// Bits of the value without leading zeros; 0 for zero.
    public var bitCount: Int {
        if limb3 != 0 { return 256 - limb3.leadingZeroBitCount }
        if limb2 != 0 { return 192 - limb2.leadingZeroBitCount }
        if limb1 != 0 { return 128 - limb1.leadingZeroBitCount }
        return 64 - limb0.leadingZeroBitCount
    }
}

extension UInt256: Comparable {
    public static func < (left: UInt256, right: UInt256) -> Bool {
        if left.limb3 != right.limb3 { return left.limb3 < right.limb3 }
        if left.limb2 != right.limb2 { return left.limb2 < right.limb2 }
        if left.limb1 != right.limb1 { return left.limb1 < right.limb1 }
        return left.limb0 < right.limb0
    }
}

extension UInt256: ExpressibleByIntegerLiteral {
    /// A literal up to 2^256 - 1; a larger or negative one traps.
    public init(integerLiteral value: StaticBigInt) {
        precondition(value.signum() >= 0 && value.bitWidth <= 257, "the literal does not fit into 256 bits")
        func limb(_ index: Int) -> UInt64 { UInt64(truncatingIfNeeded: value[index]) }
        self.init(limbs: limb(0), limb(1), limb(2), limb(3))
    }
}

extension UInt64 {
    /// The value; nil when it does not fit.
    public init?(exactly value: UInt256) {
        guard value.limb1 | value.limb2 | value.limb3 == 0 else { return nil }
        self = value.limb0
    }
}

extension UInt128 {
    /// The value; nil when it does not fit.
    public init?(exactly value: UInt256) {
        guard value.limb2 | value.limb3 == 0 else { return nil }
        self = UInt128(value.limb1) << 64 | UInt128(value.limb0)
    }
}

extension Int {
    /// The value; nil when it does not fit.
    public init?(exactly value: UInt256) {
        guard let small = UInt64(exactly: value) else { return nil }
        self.init(exactly: small)
    }
}

extension Double {
    /// The nearest double, for displays and metrics only.
    public init(_ value: UInt256) {
        self =
            ((Double(value.limb3) * 0x1p64 + Double(value.limb2)) * 0x1p64 + Double(value.limb1)) * 0x1p64
            + Double(value.limb0)
    }
}
