import EthereumCore
import Fuzzing
import Testing

@Suite struct UInt256Tests {
    // Values from Python's integers.
    private let a: UInt256 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_0011_2233_4455_6677_8899_aabb_ccdd_eeff
    private let b: UInt256 = 0xdead_beef_cafe_babe_1234_5678_9abc_def1

    @Test func text() throws {
        #expect(UInt256.zero.description == "0")
        #expect(
            UInt256.max.description == "115792089237316195423570985008687907853269984665640564039457584007913129639935")
        #expect(a.description == "514631507721405312519378913364952599437893773118507240507895286931579072255")
        for text in ["0", "9", "10000000000000000000", "18446744073709551616", a.description, UInt256.max.description] {
            #expect(try UInt256(decimal: text).description == text)
        }
        for bad in ["", "00", "01", "-1", "+1", " 1", "1 ", "1_0", "0x1", "1.0", "1e3", "٣"] {
            #expect(throws: NumberError.notDecimal) { try UInt256(decimal: bad) }
        }
        let over = "115792089237316195423570985008687907853269984665640564039457584007913129639936"
        for large in [over, "9" + over, String(repeating: "9", count: 100_000)] {
            #expect(throws: NumberError.tooLarge) { try UInt256(decimal: large) }
        }
    }

    @Test func hexQuantities() throws {
        for (text, value) in [("0x0", 0), ("0x1", 1), ("0xff", 255), ("0x10000000000000000", UInt256(1) << 64)] {
            #expect(try UInt256(hexQuantity: text) == value)
            #expect(value.hexQuantity == text)
        }
        #expect(try UInt256(hexQuantity: "0xFf") == 255)
        #expect(try UInt256(hexQuantity: "0x" + String(repeating: "f", count: 64)) == .max)
        for bad in [
            "", "0", "0x", "0x00", "0x01", "1", "0X1", "0xg", "0x1 ", "-0x1", "0x1" + String(repeating: "0", count: 64),
        ] {
            #expect(throws: HexError.self) { try UInt256(hexQuantity: bad) }
        }
        #expect(try UInt64(hexQuantity: "0xffffffffffffffff") == .max)
        #expect(throws: HexError.tooLarge) { try UInt64(hexQuantity: "0x10000000000000000") }
        #expect(UInt64(26).hexQuantity == "0x1a")
    }

    @Test func arithmetic() {
        #expect((a + b).description == "514631507721405312519378913364952599733884528195464545207286240932588604912")
        #expect((a - b).description == "514631507721405312519378913364952599141903018041549935808504332930569539598")
        #expect(a.quotientAndRemainder(dividingBy: b).quotient.description == "1738674262267419898114980989814552573")
        #expect(
            a.quotientAndRemainder(dividingBy: b).remainder.description == "272188032721621155344118669735292195794")
        #expect((b * b).description == "87610527091027326447397979776453065679644292431607585472147788712185549479649")
        #expect(a.multipliedReportingOverflow(by: a).overflow)
        #expect(a.multipliedReportingOverflow(by: a).partialValue.description == Self.squareModulo)
        #expect(a.quotientAndRemainder(dividingBy: 1_000_000_007 as UInt64).remainder == 212925923)
        #expect(UInt256.max.addingReportingOverflow(1) == (.zero, true))
        #expect(UInt256.zero.subtractingReportingOverflow(1) == (.max, true))
        #expect(UInt256.max.saturatingAdd(1) == .max)
        #expect(UInt256.max.saturatingMultiply(2) == .max)
        #expect(UInt256(1).saturatingSubtract(2) == 0)
    }

    private static let squareModulo = "6621330892009189632190377730356689094912201237424554741812305856014271717889"

    @Test func identitiesHoldOnRandomValues() throws {
        var random = Randomness()
        for _ in 0..<2_000 {
            let x = Self.random(&random)
            let y = Self.random(&random)
            let z = Self.random(&random)
            #expect(x.addingReportingOverflow(y).partialValue.subtractingReportingOverflow(y).partialValue == x)
            #expect(x.addingReportingOverflow(y).overflow == (UInt256.max - x < y))
            if !y.isZero {
                let (quotient, remainder) = x.quotientAndRemainder(dividingBy: y)
                #expect(remainder < y)
                #expect(quotient * y + remainder == x)
                #expect(quotient.multipliedReportingOverflow(by: y).overflow == false)
            }
            // (x + y) z = x z + y z modulo 2^256.
            let left = x.addingReportingOverflow(y).partialValue.multipliedReportingOverflow(by: z).partialValue
            let right = x.multipliedReportingOverflow(by: z).partialValue
                .addingReportingOverflow(y.multipliedReportingOverflow(by: z).partialValue).partialValue
            #expect(left == right)
            let shift = random.below(300)
            let power = shift < 256 ? UInt256(1) << shift : 0
            #expect(x << shift == x.multipliedReportingOverflow(by: power).partialValue)
            if !power.isZero { #expect(x >> shift == x / power) } else { #expect(x >> shift == 0) }
            #expect((x ^ y) == (x | y) - (x & y))
            #expect(~x == UInt256.max - x)
            #expect(x.bitCount + x.leadingZeroBitCount == 256)
            #expect(try UInt256(decimal: x.description) == x)
            #expect(try UInt256(hexQuantity: x.hexQuantity) == x)
            #expect(UInt256(bigEndian: x.minimalBigEndianBytes) == x)
            #expect(x.minimalBigEndianBytes.first != 0)
            #expect(UInt256(Bytes32(x)) == x)
            #expect((x < y) == (Bytes32(x) < Bytes32(y)))
        }
    }

    /// Random lengths, and limbs of all zeros or all ones, where carries go wrong.
    private static func random(_ random: inout Randomness) -> UInt256 {
        var bytes = random.bytes(random.below(33))
        if random.coin(), !bytes.isEmpty {
            let start = random.below(bytes.count)
            let fill: UInt8 = random.coin() ? 0xff : 0
            for index in start..<min(bytes.count, start + 16) { bytes[index] = fill }
        }
        return UInt256(bigEndian: bytes) ?? 0
    }

    @Test func conversions() {
        #expect(UInt256(exactly: -1) == nil)
        #expect(UInt256(exactly: UInt128.max) == UInt256(UInt128.max))
        #expect(UInt64(exactly: UInt256(UInt64.max)) == .max)
        #expect(UInt64(exactly: UInt256(UInt64.max) + 1) == nil)
        #expect(UInt128(exactly: UInt256(UInt128.max)) == .max)
        #expect(UInt128(exactly: UInt256(UInt128.max) + 1) == nil)
        #expect(Int(exactly: UInt256(UInt64.max)) == nil)
        #expect(UInt256(bigEndian: [UInt8](repeating: 0, count: 33)) == nil)
        #expect(Double(UInt256.max) == 0x1p256)
        #expect(Double(UInt256(1) << 200) == 0x1p200)
    }
}
