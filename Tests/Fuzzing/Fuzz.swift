import Foundation

/// Inputs of a fuzz loop: short by default, ORAKEY_FUZZ for the documented long run.
public enum Fuzz {
    /// Rounds of a loop that everyday tests run `usually` times.
    public static func count(usually: Int) -> Int {
        ProcessInfo.processInfo.environment["ORAKEY_FUZZ"].flatMap { Int($0) } ?? usually
    }

    /// A sample with one to four bytes changed, dropped, doubled or inserted.
    public static func mutated(_ sample: [UInt8], _ random: inout Randomness) -> [UInt8] {
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
