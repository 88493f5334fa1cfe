import Fuzzing
import StrictJSON
import Testing

/// Random and mutated texts: no crash, and what is accepted survives writing and reading. ORAKEY_FUZZ sets the count,
/// ORAKEY_SEED repeats a run.
@Suite struct FuzzTests {
    private static let count = Fuzz.count(usually: 20_000)
    private static let samples = [
        #"{"jsonrpc":"2.0","id":7,"result":{"number":"0x1b4","list":[1,2.5e-3,null,true,"\u00e9\ud83d\ude00"]}}"#,
        #"[[],{},[{"a":{"b":["c","\\","\""]}}],-0.0,1e99,"ünï😀"]"#,
        "{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":10,\"k11\":11,\"k12\":12,\"k13\":13}",
    ].map { Array($0.utf8) }
    private static let alphabet = Array("{}[]\":,\\/bfnrtu0123456789eE+-. \n\u{1}é".utf8)

    @Test func mutated() throws {
        var random = Randomness()
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
        var random = Randomness()
        for _ in 0..<Self.count {
            let length = Int.random(in: 0..<24, using: &random)
            try check((0..<length).compactMap { _ in Self.alphabet.randomElement(using: &random) })
        }
    }

    private func check(_ bytes: [UInt8]) throws {
        let parsed = Result { () throws(JSONError) in try JSON.parse(bytes) }
        // The same verdict, and the same words, whether all is built or only some of it.
        let values = Result { () throws(JSONError) in
            try JSON.values(at: [["id"], ["k1"], ["result", "list"], ["result", "number"]], of: bytes)
        }
        #expect(
            values
                == parsed.map {
                    [$0["id"], $0["k1"], $0["result"]?["list"], $0["result"]?["number"]]
                })
        guard case .success(let json) = parsed else { return }
        let again = try JSON.parse(json.serialize())
        #expect(again == json)
        #expect(again.serialize() == json.serialize())
    }
}
