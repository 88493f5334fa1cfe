import Glibc

/// Base58 with Bitcoin's alphabet and no checksum. Every byte string has one text and every text over the alphabet one
/// byte string, so what decodes is canonical.
///
/// Both directions work on limbs of 58^10, the largest power of 58 that leaves room in 64 bits, ten characters at a time.
/// The work grows with the square of the length: bound what comes from outside.
public enum Base58 {
    private static let limbBase: UInt64 = 430_804_206_899_405_824
    private static let limbDigits = 10

    /// Bits of a limb above 58^10.
    private static let spareBits: UInt64 = 5
    private static let divisor = limbBase << spareBits
    /// (2^128 - 1) / divisor - 2^64
    private static let reciprocal: UInt64 = 6236914525665173804

    /// The text of the bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        unsafe String(unsafeUninitializedCapacity: maxEncodedCount(bytes.count)) { buffer in
            unsafe bytes.withUnsafeBytes { unsafe encode($0, into: UnsafeMutableRawBufferPointer(buffer)) }
        }
    }

    /// Longest text of so many bytes: log(256) / log(58) is below 1.3658.
    public static func maxEncodedCount(_ count: Int) -> Int { count * 138 / 100 + 1 }

    /// Writes the text of the bytes and returns its length. Nothing is allocated for up to 900 bytes, and what the
    /// conversion leaves on the stack is wiped.
    ///
    /// - Precondition: the output has room for ``maxEncodedCount(_:)`` bytes.
    public static func encode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        let count = input.count
        precondition(output.count >= maxEncodedCount(count))
        var zeros = 0
        while zeros < count, unsafe input[zeros] == 0 {
            unsafe output[zeros] = UInt8(ascii: "1")
            zeros += 1
        }
        guard zeros < count else { return zeros }
        // A limb takes 58.58 bits: 8 / 58.58 < 35 / 256.
        return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: (count - zeros) * 35 / 256 + 2) {
            limbs in
            let used = unsafe fill(limbs, from: UnsafeRawBufferPointer(rebasing: input[zeros...]))
            let written = unsafe write(
                UnsafeMutableBufferPointer(rebasing: limbs[..<used]),
                to: UnsafeMutableRawBufferPointer(rebasing: output[zeros...]))
            unsafe wipe(limbs, used)
            return zeros + written
        }
    }

    /// Converts big-endian bytes, the first not zero, to limbs, least significant first; returns how many.
    ///
    /// Words of the input go through all limbs one after the other. Two follow each other at a distance of one limb, so
    /// that the processor works on two chains of divisions at once.
    @inline(__always)
    private static func fill(_ limbs: UnsafeMutableBufferPointer<UInt64>, from input: UnsafeRawBufferPointer) -> Int {
        func word(_ offset: Int) -> UInt64 {
            unsafe UInt64(bigEndian: input.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var used = 0
        var offset = input.count & 7
        var head: UInt64 = 0
        for index in 0..<offset { head = unsafe head << 8 | UInt64(input[index]) }
        unsafe append(head, to: limbs, &used)
        if input.count & 8 != 0 {
            var carry = word(offset)
            for index in 0..<used { unsafe divide(&limbs[index], &carry) }
            unsafe append(carry, to: limbs, &used)
            offset &+= 8
        }
        while offset < input.count {
            var first = word(offset)
            var second = word(offset &+ 8)
            offset &+= 16
            var behind = 0
            if used > 0 {
                unsafe divide(&limbs[0], &first)
                while behind &+ 1 < used {
                    unsafe divide(&limbs[behind &+ 1], &first)
                    unsafe divide(&limbs[behind], &second)
                    behind &+= 1
                }
            }
            unsafe append(first, to: limbs, &used)
            while behind < used {
                unsafe divide(&limbs[behind], &second)
                behind &+= 1
            }
            unsafe append(second, to: limbs, &used)
        }
        return used
    }

    /// Continues the limbs with what was carried out of the last one.
    @inline(__always)
    private static func append(_ carry: UInt64, to limbs: UnsafeMutableBufferPointer<UInt64>, _ used: inout Int) {
        var carry = carry
        while carry != 0 {
            unsafe limbs[used] = (carry % limbBase) << spareBits
            carry /= limbBase
            used &+= 1
        }
    }

    /// Divides limb * 2^64 + carry by 58^10: the remainder stays, the quotient is carried on.
    ///
    /// Two multiplications by the reciprocal (Moeller and Granlund, "Improved division by invariant integers", algorithm
    /// 4), which needs a divisor whose top bit is set; so limbs are kept shifted left by their spare bits.
    @inline(__always)
    private static func divide(_ limb: inout UInt64, _ carry: inout UInt64) {
        let high = limb | carry &>> (64 &- spareBits)
        let low = carry &<< spareBits
        var (quotient, fraction) = high.multipliedFullWidth(by: reciprocal)
        let overflow: Bool
        (fraction, overflow) = fraction.addingReportingOverflow(low)
        quotient = quotient &+ high &+ (overflow ? 2 : 1)
        var remainder = low &- quotient &* divisor
        if remainder > fraction {
            quotient &-= 1
            remainder &+= divisor
        }
        if remainder >= divisor {
            quotient &+= 1
            remainder &-= divisor
        }
        limb = remainder
        carry = quotient
    }

    @inline(__always)
    private static func write(
        _ limbs: UnsafeMutableBufferPointer<UInt64>, to output: UnsafeMutableRawBufferPointer
    ) -> Int {
        let alphabet = unsafe alphabet.utf8Start
        var digits = 0
        var top = unsafe limbs[limbs.count - 1] >> spareBits
        var rest = top
        while rest != 0 {
            digits += 1
            rest /= 58
        }
        var position = digits
        while position > 0 {
            position &-= 1
            unsafe output[position] = alphabet[Int(top % 58)]
            top /= 58
        }
        var end = digits
        var index = limbs.count - 1
        while index > 0 {
            index &-= 1
            var limb = unsafe limbs[index] &>> spareBits
            end &+= limbDigits
            for back in 1...limbDigits {
                unsafe output[end &- back] = alphabet[Int(limb % 58)]
                limb /= 58
            }
        }
        return end
    }

    /// Secret texts pass through here; the compiler must not drop the store.
    @inline(__always)
    static func wipe(_ words: UnsafeMutableBufferPointer<UInt64>, _ used: Int) {
        if let address = words.baseAddress { unsafe explicit_bzero(address, used * 8) }
    }

    static let alphabet: StaticString = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
}
