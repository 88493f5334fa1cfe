import EthereumCore
import Fuzzing
import Testing

@Suite struct Base58Tests {
    /// The examples of the Internet draft on Base58, and leading zeros.
    @Test(arguments: [
        ("", ""), ("00", "1"), ("0000", "11"), ("61", "2g"), ("626262", "a3gV"), ("39", "z"), ("3a", "21"),
        ("48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"), ("0000287fb4cd", "11233QC4"), ("ff", "5Q"), ("00ff", "15Q"),
        (
            "54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"
        ),
        ("00eb15231dfceb60925886b67d065299925915aeb172c06647", "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"),
    ])
    func examples(hex: String, text: String) throws {
        let bytes = try Hex.decode(hex, prefix: .absent)
        #expect(Base58.encode(bytes) == text)
        #expect(try Base58.decode(text, maxCount: bytes.count) == bytes)
    }

    /// Digit by digit, as the definition says.
    private func reference(_ bytes: [UInt8]) -> String {
        let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
        var digits: [Int] = []
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                carry += digits[index] << 8
                digits[index] = carry % 58
                carry /= 58
            }
            while carry > 0 {
                digits.append(carry % 58)
                carry /= 58
            }
        }
        return String(bytes.prefix { $0 == 0 }.map { _ in "1" } + digits.reversed().map { alphabet[$0] })
    }

    @Test func randomBytes() throws {
        var random = Randomness()
        for round in 0..<960 {
            var bytes = random.bytes(round % 320)
            if random.coin() { for index in 0..<min(bytes.count, random.below(12)) { bytes[index] = 0 } }
            if random.below(8) == 0 { for index in bytes.indices { bytes[index] = 0xff } }
            let text = Base58.encode(bytes)
            #expect(text == reference(bytes))
            #expect(try Base58.decode(text, maxCount: bytes.count) == bytes)
            if !bytes.isEmpty {
                #expect(throws: Base58Error.tooLong(limit: bytes.count - 1)) {
                    try Base58.decode(text, maxCount: bytes.count - 1)
                }
            }
        }
    }

    @Test func everyTextIsCanonical() throws {
        var random = Randomness()
        let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
        for _ in 0..<3_000 {
            var text = (0..<random.below(90)).map { _ in alphabet[random.below(58)] }
            if random.coin() { for index in 0..<min(text.count, random.below(6)) { text[index] = UInt8(ascii: "1") } }
            let bytes = try Base58.decode(utf8: text, maxCount: 100)
            #expect(Base58.encode(bytes) == String(decoding: text, as: UTF8.self))
        }
    }

    @Test func refusesEveryOtherByteAndSaysWhere() {
        let alphabet = Set(Base58Tests.alphabetBytes)
        for byte in UInt8.min ... .max where !alphabet.contains(byte) {
            for offset in [0, 3, 11, 24] {
                var text = Array("2NEpo7TZRRrLZSi2UNEpo7TZR".utf8)
                text[offset] = byte
                #expect(throws: Base58Error.invalidCharacter(offset: offset)) {
                    try Base58.decode(utf8: text, maxCount: 64)
                }
            }
        }
    }

    private static let alphabetBytes = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    @Test func lengthIsBoundedBeforeWork() {
        let text = [UInt8](repeating: UInt8(ascii: "z"), count: 10_000_000)
        #expect(throws: Base58Error.tooLong(limit: 200)) { try Base58.decode(utf8: text, maxCount: 200) }
        #expect(throws: Base58Error.tooLong(limit: -1)) { try Base58.decode("1", maxCount: -1) }
        #expect(throws: Base58Error.tooLong(limit: 0)) { try Base58.decode("1", maxCount: 0) }
    }

    @Test func largeInput() throws {
        var random = Randomness()
        let bytes = random.bytes(2_000)
        #expect(try Base58.decode(Base58.encode(bytes), maxCount: 2_000) == bytes)
    }
}
