import Foundation

/// SplitMix64: random cases that a printed seed repeats. ORAKEY_SEED sets the seed.
struct Randomness: RandomNumberGenerator {
    private var state: UInt64

    static let seed: UInt64 = {
        let asked = ProcessInfo.processInfo.environment["ORAKEY_SEED"].flatMap { UInt64($0) }
        let seed = asked ?? UInt64.random(in: 0 ... .max)
        print("ORAKEY_SEED=\(seed)")
        return seed
    }()

    init() { state = Self.seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &self) } }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    mutating func coin() -> Bool { Bool.random(using: &self) }
}

/// Inputs of a fuzz loop: short by default, ORAKEY_FUZZ for the documented long run.
enum Fuzz {
    static let count = ProcessInfo.processInfo.environment["ORAKEY_FUZZ"].flatMap { Int($0) } ?? 5_000

    /// A sample with one to four bytes changed, dropped, doubled or inserted.
    static func mutated(_ sample: [UInt8], _ random: inout Randomness) -> [UInt8] {
        var bytes = sample
        for _ in 0...random.below(4) {
            guard !bytes.isEmpty else {
                bytes.append(UInt8(random.below(256)))
                continue
            }
            let position = random.below(bytes.count)
            switch random.below(5) {
            case 0: bytes[position] = UInt8(random.below(256))
            case 1: bytes[position] ^= 1 << UInt8(random.below(8))
            case 2: bytes.remove(at: position)
            case 3: bytes.insert(UInt8(random.below(256)), at: position)
            default: bytes.removeLast(random.below(bytes.count))
            }
        }
        return bytes
    }
}
