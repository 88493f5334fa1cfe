import EthereumABI
import EthereumCore
import Testing

@Suite struct RoundTripTests {
    @Test func randomValuesSurvive() throws {
        var random = RandomABI(generator: .announced("ABI round trips"))
        for round in 0..<2000 {
            let types = random.types(random.number(0...4))
            let codec = try ABICodec(types)
            var values: [ABIValue] = []
            for type in types { values.append(try random.value(type)) }
            let data = try codec.encode(values)
            #expect(data.count % 32 == 0)
            #expect(try codec.decode(data, options: .canonical) == values, "round \(round): \(codec.canonical)")
            #expect(try codec.decode(data, options: .lenient) == values, "round \(round): \(codec.canonical)")
            #expect(try ABICodec(parsing: codec.canonical).canonical == codec.canonical)
            #expect(try ABIJSON.values(ABIJSON.json(values), for: codec.parameters) == values)
        }
    }

    /// Changed, cut and random data: never a crash, never more values than bytes, and what strict decoding accepts
    /// encodes back to a prefix of equal meaning.
    @Test func hostileDataIsHarmless() throws {
        var random = RandomABI(generator: .announced("ABI fuzz"))
        let count = fuzzCount(default: 5000)
        var done = 0
        var accepted = 0
        while done < count {
            let types = random.types(random.number(1...3))
            let codec = try ABICodec(types)
            var values: [ABIValue] = []
            for type in types { values.append(try random.value(type)) }
            let honest = try codec.encode(values)
            for _ in 0..<20 {
                let data = mutate(honest, with: &random)
                done += 1
                for options in [ABIDecodingOptions.strict, .lenient] {
                    guard let decoded = try? codec.decode(data, options: options) else { continue }
                    accepted += 1
                    let again = try codec.encode(decoded)
                    #expect(
                        try codec.decode(again, options: .canonical) == decoded,
                        "\(codec.canonical) \(Hex.encode(data))")
                    if options == .strict { #expect(again.count <= data.count) }
                }
                if let canonical = try? codec.decode(data, options: .canonical) {
                    #expect(try codec.encode(canonical) == data)
                }
            }
        }
        print("ABI fuzz: \(done) inputs, \(accepted) decodings accepted")
    }

    @Test func hostileSignaturesAreHarmless() {
        var random = RandomABI(generator: .announced("signature fuzz"))
        let pieces = [
            "(", ")", "[", "]", ",", " ", "uint", "256", "8", "bytes", "32", "tuple", "string", "indexed", "returns",
            "fixed128x18",
            "function", "f", "address", "payable", "view", "\u{0}", "é", "[2]", "[]", ";", "{", "99999999999999999999",
            "-1",
        ]
        for _ in 0..<fuzzCount(default: 5000) {
            var text = ""
            for _ in 0..<random.number(0...12) { text += pieces.randomElement(using: &random.generator) ?? "" }
            if let type = try? ABIType(parsing: text) {
                #expect((try? ABIType(parsing: type.canonical))?.canonical == type.canonical, "\(text)")
            }
            if let function = try? ABIFunction(signature: text) {
                #expect((try? ABIFunction(signature: function.description)) == function, "\(text)")
            }
            _ = try? ABIEvent(signature: text)
            _ = try? ContractABI(humanReadable: [text])
        }
    }

    private func mutate(_ honest: [UInt8], with random: inout RandomABI) -> [UInt8] {
        var data = honest
        for _ in 0..<random.number(1...3) {
            switch random.number(0...5) {
            case 0 where !data.isEmpty: data.removeLast(random.number(1...data.count))
            case 1: data += random.bytes(random.number(1...64))
            case 2 where !data.isEmpty: data[random.number(0...data.count - 1)] ^= 1 << UInt8(random.number(0...7))
            case 3 where data.count >= 32:
                // An interesting number in place of a word: offsets and lengths are words.
                let interesting: [UInt64] = [
                    0, 1, 31, 32, 33, 64, 0x60, 0xffff_ffff, 1 << 62, .max, UInt64(data.count),
                ]
                let word = Bytes32(UInt256(interesting.randomElement(using: &random.generator) ?? 0)).bytes
                let start = 32 * random.number(0...data.count / 32 - 1)
                data.replaceSubrange(start..<start + 32, with: word)
            case 4 where data.count >= 64:
                let from = 32 * random.number(0...data.count / 32 - 1)
                let to = 32 * random.number(0...data.count / 32 - 1)
                data.replaceSubrange(to..<to + 32, with: Array(data[from..<from + 32]))
            default: data = random.bytes(random.number(0...256))
            }
        }
        return data
    }
}
