/// A 32-byte word of ABI data as four 64-bit digits, the most significant first.
struct Word: Hashable, Sendable {
    var w0: UInt64
    var w1: UInt64
    var w2: UInt64
    var w3: UInt64

    init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
        self.w0 = w0
        self.w1 = w1
        self.w2 = w2
        self.w3 = w3
    }

    /// A count or an offset.
    init(_ value: Int) { self.init(0, 0, 0, UInt64(value)) }

    /// Up to 32 bytes in front of zeros.
    init(leftAligned bytes: ArraySlice<UInt8>) {
        self.init(0, 0, 0, 0)
        for (index, byte) in bytes.prefix(32).enumerated() {
            let digit = UInt64(byte) << UInt64(56 - 8 * (index & 7))
            switch index >> 3 {
            case 0: w0 |= digit
            case 1: w1 |= digit
            case 2: w2 |= digit
            default: w3 |= digit
            }
        }
    }

    /// The word at a byte offset; the caller keeps it inside the span, and the span checks.
    @inline(__always)
    init(_ span: RawSpan, at offset: Int) {
        w0 = unsafe UInt64(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        w1 = unsafe UInt64(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        w2 = unsafe UInt64(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
        w3 = unsafe UInt64(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
    }

    @inline(__always)
    func store(to span: inout MutableRawSpan, at offset: Int) {
        span.storeBytes(of: w0.bigEndian, toByteOffset: offset, as: UInt64.self)
        span.storeBytes(of: w1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        span.storeBytes(of: w2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
        span.storeBytes(of: w3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
    }

    /// Sizes are padded to whole words.
    static func padded(_ count: Int) -> Int { (count + 31) & ~31 }

    // MARK: arithmetic

    var isNegative: Bool { w0 >> 63 == 1 }

    /// Two's complement.
    var negated: Word {
        let (r3, c3) = (~w3).addingReportingOverflow(1)
        let (r2, c2) = (~w2).addingReportingOverflow(c3 ? 1 : 0)
        let (r1, c1) = (~w1).addingReportingOverflow(c2 ? 1 : 0)
        return Word(~w0 &+ (c1 ? 1 : 0), r1, r2, r3)
    }

    static func & (left: Word, right: Word) -> Word {
        Word(left.w0 & right.w0, left.w1 & right.w1, left.w2 & right.w2, left.w3 & right.w3)
    }

    static func | (left: Word, right: Word) -> Word {
        Word(left.w0 | right.w0, left.w1 | right.w1, left.w2 | right.w2, left.w3 | right.w3)
    }

    static prefix func ~ (word: Word) -> Word { Word(~word.w0, ~word.w1, ~word.w2, ~word.w3) }

    /// Ones in the lowest `bits` bits.
    static func lowMask(bits: Int) -> Word {
        func digit(_ from: Int) -> UInt64 {
            bits <= from ? 0 : bits - from >= 64 ? .max : (1 << UInt64(bits - from)) - 1
        }
        return Word(digit(192), digit(128), digit(64), digit(0))
    }

    /// The same number with bit `bits - 1` copied into all higher bits.
    func signExtended(bits: Int) -> Word {
        guard bits < 256 else { return self }
        let mask = Word.lowMask(bits: bits)
        let sign = mask & ~Word.lowMask(bits: bits - 1)
        return (self & sign) == .zero ? self & mask : self | ~mask
    }

    static let zero = Word(0, 0, 0, 0)

    /// The number when it fits in a non-negative Int.
    var smallInt: Int? {
        w0 | w1 | w2 == 0 ? Int(exactly: w3) : nil
    }
}
