import Foundation
import StrictJSON
import Testing

/// Random and mutated texts: no crash, and what is accepted survives writing and reading. ORAKEY_FUZZ sets the count,
/// ORAKEY_SEED repeats a run.
@Suite struct FuzzTests {
    private static let count = ProcessInfo.processInfo.environment["ORAKEY_FUZZ"].flatMap { Int($0) } ?? 20_000
    private static let samples = [
        #"{"jsonrpc":"2.0","id":7,"result":{"number":"0x1b4","list":[1,2.5e-3,null,true,"\u00e9\ud83d\ude00"]}}"#,
        #"[[],{},[{"a":{"b":["c","\\","\""]}}],-0.0,1e99,"ünï😀"]"#,
        "{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":10,\"k11\":11,\"k12\":12,\"k13\":13}",
    ].map { Array($0.utf8) }
    private static let alphabet = Array("{}[]\":,\\/bfnrtu0123456789eE+-. \n\u{1}é".utf8)

    @Test func mutated() throws {
        var random = SplitMix.announced()
        for _ in 0..<Self.count {
            var bytes = Self.samples[Int.random(in: 0..<3, using: &random)]
            for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0 ... .max, using: &random)
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(try #require(Self.alphabet.randomElement(using: &random)), at: position)
                default: bytes.removeLast(Int.random(in: 0...bytes.count / 4, using: &random))
                }
            }
            try check(bytes)
        }
    }

    @Test func fromTheGrammarsAlphabet() throws {
        var random = SplitMix.announced()
        for _ in 0..<Self.count {
            let length = Int.random(in: 0..<24, using: &random)
            try check((0..<length).compactMap { _ in Self.alphabet.randomElement(using: &random) })
        }
    }

    private func check(_ bytes: [UInt8]) throws {
        guard let json = try? JSON.parse(bytes) else { return }
        let again = try JSON.parse(json.serialize())
        #expect(again == json)
        #expect(again.serialize() == json.serialize())
    }
}

/// The same seed gives the same numbers.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    static func announced() -> SplitMix {
        let asked = ProcessInfo.processInfo.environment["ORAKEY_SEED"].flatMap { UInt64($0) }
        let seed = asked ?? UInt64.random(in: 0 ... .max)
        print("JSON fuzz: ORAKEY_SEED=\(seed)")
        return SplitMix(state: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
