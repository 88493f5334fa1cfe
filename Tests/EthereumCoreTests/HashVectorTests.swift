import EthereumCore
import StrictJSON
import Testing

@Suite(.enabled(if: Vectors.arePresent)) struct HashVectorTests {
    @Test func knownAnswers() throws {
        let text = String(decoding: try Vectors.bytes("keccak-256-shortmsg-kat.txt"), as: UTF8.self)
        var length: Int?
        var message: [UInt8] = []
        var checked = 0
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " = ")
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "Len": length = Int(parts[1])
            case "Msg": message = try Hex.decode(parts[1], prefix: .absent)
            default:
                guard let bits = length, bits.isMultiple(of: 8) else { continue }
                let expected = Array(try Hex.decode(parts[1], prefix: .absent))
                #expect(Keccak256.hash(Array(message.prefix(bits / 8))).bytes == expected)
                checked += 1
            }
        }
        #expect(checked >= 256)
    }

    @Test func ethers() throws {
        let tests = try #require(try Vectors.json("hashes.json.gz").arrayValue)
        #expect(tests.count > 100)
        for test in tests {
            let message = try Hex.decode(try #require(test["data"]?.stringValue))
            #expect(Keccak256.hash(message).hex == test["keccak256"]?.stringValue)
        }
    }
}
