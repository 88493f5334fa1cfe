/// SHA-256 (FIPS 180-4) for vectors that need it: the module under test has none.
enum SHA256 {
    private static let constants: [UInt32] = {
        // First 32 bits of the fractional parts of the cube roots of the first 64 primes.
        let primes = (2...311).filter { n in !(2..<n).contains { n.isMultiple(of: $0) } }
        return primes.map { fraction($0, root: 3) }
    }()

    private static let initial: [UInt32] = [2, 3, 5, 7, 11, 13, 17, 19].map { fraction($0, root: 2) }

    /// floor(2^32 * prime^(1/root)) modulo 2^32, by bisection on integers.
    private static func fraction(_ prime: Int, root: Int) -> UInt32 {
        var low: UInt128 = 0
        var high: UInt128 = 1 << 37
        while high - low > 1 {
            let middle = (low + high) / 2
            let power = root == 2 ? middle * middle : middle * middle * middle
            if power <= UInt128(prime) << UInt128(32 * root) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        var state = initial
        for start in stride(from: 0, to: padded.count, by: 64) { compress(&state, padded[start..<start + 64]) }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    }

    private static func compress(_ state: inout [UInt32], _ block: ArraySlice<UInt8>) {
        func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
        var w = stride(from: block.startIndex, to: block.endIndex, by: 4).map { at in
            block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for t in 16..<64 {
            let small0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3
            let small1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10
            w.append(w[t - 16] &+ small0 &+ w[t - 7] &+ small1)
        }
        var v = state
        for t in 0..<64 {
            let big1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
            let choice = v[4] & v[5] ^ ~v[4] & v[6]
            let first = v[7] &+ big1 &+ choice &+ constants[t] &+ w[t]
            let big0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
            let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]
            v = [first &+ big0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for index in 0..<8 { state[index] &+= v[index] }
    }
}
