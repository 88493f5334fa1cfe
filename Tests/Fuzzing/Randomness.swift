import Foundation

/// SplitMix64: random cases that a printed seed repeats. ORAKEY_SEED sets the seed.
public struct Randomness: RandomNumberGenerator {
    private var state: UInt64

    /// That of this run.
    public static let seed: UInt64 = {
        let asked = ProcessInfo.processInfo.environment["ORAKEY_SEED"].flatMap { UInt64($0) }
        let seed = asked ?? UInt64.random(in: 0 ... .max)
        print("ORAKEY_SEED=\(seed)")
        return seed
    }()

    /// The numbers of ``seed``.
    public init() { self.init(seed: Self.seed) }

    /// The numbers of this seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// So many bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &self) }
    }

    /// From 0 to below `count`.
    public mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    /// Yes or no.
    public mutating func coin() -> Bool { Bool.random(using: &self) }
}
