import EthereumCore
import Fuzzing
import Testing

@Suite struct ValueTests {
    @Test func hex() throws {
        #expect(Hex.encode([]) == "")
        #expect(Hex.encodePrefixed([0, 0xab, 0xff]) == "0x00abff")
        #expect(try Hex.decode("0x00ABff") == [0, 0xab, 0xff])
        #expect(try Hex.decode("00abFF", prefix: .absent) == [0, 0xab, 0xff])
        #expect(try Hex.decode("0x", prefix: .required) == [])
        #expect(try Hex.decode("", prefix: .optional) == [])
        let cases: [(String, Hex.Prefix, HexError)] = [
            ("", .required, .missingPrefix), ("00", .required, .missingPrefix), ("0X00", .required, .missingPrefix),
            ("0x00", .absent, .unexpectedPrefix), ("0x0", .required, .oddLength(1)), ("abc", .optional, .oddLength(3)),
            ("0x0g", .required, .invalidDigit(offset: 3)), ("0xg0", .required, .invalidDigit(offset: 2)),
            ("0x 0", .required, .invalidDigit(offset: 2)), ("@`", .absent, .invalidDigit(offset: 0)),
            ("é", .absent, .invalidDigit(offset: 0)), ("0\n", .absent, .invalidDigit(offset: 1)),
        ]
        for (text, prefix, error) in cases {
            #expect(throws: error, "\(text)") { try Hex.decode(text, prefix: prefix) }
        }
    }

    @Test func everyByteOfHex() {
        for byte in UInt8.min ... .max {
            let isDigit = "0123456789abcdefABCDEF".utf8.contains(byte)
            #expect(((try? Hex.decode(utf8: [byte, 0x30], prefix: .absent)) != nil) == isDigit)
            #expect(((try? Hex.decode(utf8: [0x30, byte], prefix: .absent)) != nil) == isDigit)
        }
    }

    @Test func bytes32() throws {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        let value = try Bytes32(bytes: bytes)
        #expect(value.bytes == bytes)
        #expect(value.description == Hex.encodePrefixed(bytes))
        #expect(try Bytes32(hex: value.hex) == value)
        #expect(try Bytes32(hex: "0x" + value.hex.dropFirst(2).uppercased()) == value)
        #expect(value.withUnsafeBytes { Array($0) } == bytes)
        #expect(bytes.withUnsafeBytes { Bytes32(unsafe: $0) } == value)
        for count in [0, 31, 33, 64] {
            #expect(throws: HexError.wrongLength(expected: 32, found: count)) {
                try Bytes32(bytes: [UInt8](repeating: 1, count: count))
            }
        }
        #expect(throws: HexError.self) { try Bytes32(hex: String(value.hex.dropFirst(2))) }
        #expect(throws: HexError.self) { try Bytes32(hex: value.hex + "00") }
    }

    @Test func bytes32OrderIsThatOfBytes() throws {
        var random = Randomness()
        for _ in 0..<2_000 {
            let common = random.below(33)
            let prefix = random.bytes(common)
            let left = prefix + random.bytes(32 - common)
            let right = prefix + random.bytes(32 - common)
            #expect(try (Bytes32(bytes: left) < Bytes32(bytes: right)) == left.lexicographicallyPrecedes(right))
        }
    }

    /// The examples of EIP-55.
    @Test(arguments: [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ])
    func addressChecksum(text: String) throws {
        let address = try Address(text)
        #expect(address.description == text)
        #expect(address.lowercaseHex == text.lowercased())
        #expect(try Address(text.lowercased()) == address)
        #expect(try Address("0x" + text.dropFirst(2).uppercased()) == address)
        #expect(try Address(bytes: address.bytes) == address)
        #expect(Address(truncating: address.word) == address)
        guard text != text.lowercased(), "0x" + text.dropFirst(2).uppercased() != text else { return }
        var flipped = Array(text.utf8)
        let letter = try #require(flipped.lastIndex { $0 | 0x20 >= 0x61 })
        flipped[letter] ^= 0x20
        #expect(throws: AddressError.wrongChecksum) { try Address(String(decoding: flipped, as: UTF8.self)) }
    }

    @Test(arguments: [
        "", "0x", "0x0", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedd",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", " 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae\n",
    ])
    func notAnAddress(text: String) {
        #expect(throws: AddressError.notAnAddress) { try Address(text) }
    }

    @Test func contractAddresses() throws {
        let sender = try Address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
        let expected = [
            "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d", "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
            "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91", "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
        ]
        for (nonce, text) in expected.enumerated() {
            #expect(Address.create(sender: sender, nonce: UInt64(nonce)).lowercaseHex == text)
        }
        // EIP-1014, examples 1 and 6.
        #expect(
            Address.create2(sender: .zero, salt: .zero, initCodeHash: Keccak256.hash([0])).description
                == "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38")
        let code = Array(repeating: [0xde, 0xad, 0xbe, 0xef] as [UInt8], count: 11).flatMap { $0 }
        #expect(
            try Address.create2(
                sender: Address("0x00000000000000000000000000000000deadbeef"),
                salt: Bytes32(hex: "0x00000000000000000000000000000000000000000000000000000000cafebabe"),
                initCodeHash: Keccak256.hash(code)
            ).description == "0x1d8bfDC5D46DC4f61D6b6115972536eBE6A8854C")
    }
}
