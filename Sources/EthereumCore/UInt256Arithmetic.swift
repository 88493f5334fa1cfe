extension UInt256 {
    /// Sum modulo 2^256 and whether it overflowed.
    public func addingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
        var carry: UInt64 = 0
        func add(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let (sum, overflow) = left.addingReportingOverflow(right)
            let (total, again) = sum.addingReportingOverflow(carry)
            carry = overflow || again ? 1 : 0
            return total
        }
        let limb0 = add(limb0, other.limb0)
        let limb1 = add(limb1, other.limb1)
        let limb2 = add(limb2, other.limb2)
        let limb3 = add(limb3, other.limb3)
        return (UInt256(limbs: limb0, limb1, limb2, limb3), carry != 0)
    }

    /// Difference modulo 2^256 and whether it went below zero.
    public func subtractingReportingOverflow(_ other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
        var borrow: UInt64 = 0
        func subtract(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let (difference, overflow) = left.subtractingReportingOverflow(right)
            let (total, again) = difference.subtractingReportingOverflow(borrow)
            borrow = overflow || again ? 1 : 0
            return total
        }
        let limb0 = subtract(limb0, other.limb0)
        let limb1 = subtract(limb1, other.limb1)
        let limb2 = subtract(limb2, other.limb2)
        let limb3 = subtract(limb3, other.limb3)
        return (UInt256(limbs: limb0, limb1, limb2, limb3), borrow != 0)
    }

    /// Product modulo 2^256 and whether it overflowed.
    public func multipliedReportingOverflow(by other: UInt256) -> (partialValue: UInt256, overflow: Bool) {
        let left = [limb0, limb1, limb2, limb3]
        let right = [other.limb0, other.limb1, other.limb2, other.limb3]
        var product = [UInt64](repeating: 0, count: 8)
        for (i, a) in left.enumerated() where a != 0 {
            var carry: UInt64 = 0
            for (j, b) in right.enumerated() {
                // a * b + product + carry is below 2^128 for any 64-bit values.
                let total = UInt128(a) * UInt128(b) + UInt128(product[i + j]) + UInt128(carry)
                product[i + j] = UInt64(truncatingIfNeeded: total)
                carry = UInt64(truncatingIfNeeded: total >> 64)
            }
            product[i + 4] = carry
        }
        let overflow = product[4] | product[5] | product[6] | product[7] != 0
        return (UInt256(limbs: product[0], product[1], product[2], product[3]), overflow)
    }

    /// Quotient and remainder by a 64-bit divisor.
    ///
    /// - Precondition: the divisor is not zero.
    public func quotientAndRemainder(dividingBy divisor: UInt64) -> (quotient: UInt256, remainder: UInt64) {
        precondition(divisor != 0, "division by zero")
        var quotient = UInt256.zero
        var remainder: UInt64 = 0
        (quotient.limb3, remainder) = divisor.dividingFullWidth((remainder, limb3))
        (quotient.limb2, remainder) = divisor.dividingFullWidth((remainder, limb2))
        (quotient.limb1, remainder) = divisor.dividingFullWidth((remainder, limb1))
        (quotient.limb0, remainder) = divisor.dividingFullWidth((remainder, limb0))
        return (quotient, remainder)
    }

    /// Quotient and remainder.
    ///
    /// - Precondition: the divisor is not zero.
    public func quotientAndRemainder(dividingBy divisor: UInt256) -> (quotient: UInt256, remainder: UInt256) {
        if let small = UInt64(exactly: divisor) {
            let (quotient, remainder) = quotientAndRemainder(dividingBy: small)
            return (quotient, UInt256(remainder))
        }
        guard self >= divisor else { return (.zero, self) }
        // Schoolbook in base 2: the divisor has more than 64 bits, so at most 192 steps.
        var shift = bitCount - divisor.bitCount
        var shifted = divisor << shift
        var quotient = UInt256.zero
        var remainder = self
        while true {
            quotient = quotient << 1
            if remainder >= shifted {
                remainder = remainder - shifted
                quotient.limb0 |= 1
            }
            if shift == 0 { return (quotient, remainder) }
            shift -= 1
            shifted = shifted >> 1
        }
    }

    /// Sum; traps on overflow.
    public static func + (left: UInt256, right: UInt256) -> UInt256 {
        let (value, overflow) = left.addingReportingOverflow(right)
        precondition(!overflow, "arithmetic overflow")
        return value
    }

    /// Difference; traps below zero.
    public static func - (left: UInt256, right: UInt256) -> UInt256 {
        let (value, overflow) = left.subtractingReportingOverflow(right)
        precondition(!overflow, "arithmetic overflow")
        return value
    }

    /// Product; traps on overflow.
    public static func * (left: UInt256, right: UInt256) -> UInt256 {
        let (value, overflow) = left.multipliedReportingOverflow(by: right)
        precondition(!overflow, "arithmetic overflow")
        return value
    }

    /// Quotient; traps on division by zero.
    public static func / (left: UInt256, right: UInt256) -> UInt256 {
        left.quotientAndRemainder(dividingBy: right).quotient
    }

    /// Remainder; traps on division by zero.
    public static func % (left: UInt256, right: UInt256) -> UInt256 {
        left.quotientAndRemainder(dividingBy: right).remainder
    }

    public static func += (left: inout UInt256, right: UInt256) { left = left + right }

    public static func -= (left: inout UInt256, right: UInt256) { left = left - right }

    public static func *= (left: inout UInt256, right: UInt256) { left = left * right }

    /// Sum, or the largest value on overflow.
    public func saturatingAdd(_ other: UInt256) -> UInt256 {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? .max : value
    }

    /// Product, or the largest value on overflow.
    public func saturatingMultiply(_ other: UInt256) -> UInt256 {
        let (value, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : value
    }

    /// Difference, or zero when it would be negative.
    public func saturatingSubtract(_ other: UInt256) -> UInt256 {
        self > other ? self - other : .zero
    }
}

extension UInt256 {
    public static func & (left: UInt256, right: UInt256) -> UInt256 {
        UInt256(
            limbs: left.limb0 & right.limb0, left.limb1 & right.limb1, left.limb2 & right.limb2,
            left.limb3 & right.limb3)
    }

    public static func | (left: UInt256, right: UInt256) -> UInt256 {
        UInt256(
            limbs: left.limb0 | right.limb0, left.limb1 | right.limb1, left.limb2 | right.limb2,
            left.limb3 | right.limb3)
    }

    public static func ^ (left: UInt256, right: UInt256) -> UInt256 {
        UInt256(
            limbs: left.limb0 ^ right.limb0, left.limb1 ^ right.limb1, left.limb2 ^ right.limb2,
            left.limb3 ^ right.limb3)
    }

    public static prefix func ~ (value: UInt256) -> UInt256 {
        UInt256(limbs: ~value.limb0, ~value.limb1, ~value.limb2, ~value.limb3)
    }

    /// Shift towards the most significant bit; bits that leave are lost, 256 and more give zero.
    public static func << (value: UInt256, count: Int) -> UInt256 {
        precondition(count >= 0)
        var value = value
        var rest = count
        while rest >= 64 {
            guard rest < 256 else { return .zero }
            value = UInt256(limbs: 0, value.limb0, value.limb1, value.limb2)
            rest -= 64
        }
        guard rest > 0 else { return value }
        let back = 64 - rest
        return UInt256(
            limbs: value.limb0 << rest, value.limb1 << rest | value.limb0 >> back,
            value.limb2 << rest | value.limb1 >> back, value.limb3 << rest | value.limb2 >> back)
    }

    /// Shift towards the least significant bit; 256 and more give zero.
    public static func >> (value: UInt256, count: Int) -> UInt256 {
        precondition(count >= 0)
        var value = value
        var rest = count
        while rest >= 64 {
            guard rest < 256 else { return .zero }
            value = UInt256(limbs: value.limb1, value.limb2, value.limb3, 0)
            rest -= 64
        }
        guard rest > 0 else { return value }
        let back = 64 - rest
        return UInt256(
            limbs: value.limb0 >> rest | value.limb1 << back, value.limb1 >> rest | value.limb2 << back,
            value.limb2 >> rest | value.limb3 << back, value.limb3 >> rest)
    }
}
