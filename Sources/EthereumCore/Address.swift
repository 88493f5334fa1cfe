/// An Ethereum address: 20 bytes, stored inline, printed with the checksum of EIP-55.
public struct Address: Hashable, Comparable, Sendable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// The zero address.
    public static let zero = Address(high: 0, middle: 0, low: 0)

    private init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Exactly 20 bytes.
    ///
    /// - Throws: ``AddressError/wrongLength(_:)``.
    public init(bytes: some Collection<UInt8>) throws(AddressError) {
        guard bytes.count == 20 else { throw .wrongLength(bytes.count) }
        var words: (UInt64, UInt64, UInt32) = (0, 0, 0)
        for byte in bytes {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | UInt64(words.2 >> 24)
            words.2 = words.2 << 8 | UInt32(byte)
        }
        self.init(high: words.0, middle: words.1, low: words.2)
    }

    /// The last 20 bytes of a hash or a word.
    public init(truncating word: Bytes32) {
        self.init(
            high: word.word1 << 32 | word.word2 >> 32, middle: word.word2 << 32 | word.word3 >> 32,
            low: UInt32(truncatingIfNeeded: word.word3))
    }

    /// `0x` and 40 hex digits: all lower case, all upper case, or mixed with the right checksum (EIP-55).
    ///
    /// - Throws: ``AddressError``.
    public init(_ text: some StringProtocol) throws(AddressError) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 42, utf8[0] == UInt8(ascii: "0"), utf8[1] == UInt8(ascii: "x") else { throw .notAnAddress }
        guard let bytes = try? Hex.decode(utf8: utf8) else { throw .notAnAddress }
        try self.init(bytes: bytes)
        let hasLower = utf8[2...].contains { $0 >= UInt8(ascii: "a") }
        let hasUpper = utf8[2...].contains { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }
        if hasLower, hasUpper, !checksummed.utf8.elementsEqual(utf8) { throw .wrongChecksum }
    }

    /// Address of the contract that `sender` creates with its transaction of this nonce (CREATE):
    /// the last 20 bytes of keccak256(rlp([sender, nonce])).
    public static func create(sender: Address, nonce: UInt64) -> Address {
        let item = RLPItem.list([.bytes(sender.bytes), .uint(nonce)])
        return Address(truncating: Keccak256.hash(RLP.encode(item)))
    }

    /// Address of the contract that `sender` creates with CREATE2 (EIP-1014).
    public static func create2(sender: Address, salt: Bytes32, initCodeHash: Bytes32) -> Address {
        var hasher = Keccak256()
        hasher.update([0xff] + sender.bytes)
        hasher.update(salt)
        hasher.update(initCodeHash)
        return Address(truncating: hasher.finalize())
    }

    /// The 20 bytes.
    public var bytes: [UInt8] { Array(word.bytes.suffix(20)) }

    /// The address in the low 20 bytes of a word, the form of the ABI and of event topics.
    public var word: Bytes32 {
        Bytes32(0, high >> 32, high << 32 | middle >> 32, middle << 32 | UInt64(low))
    }

    /// Whether this is the zero address.
    public var isZero: Bool { self == .zero }

    /// `0x` and 40 lower-case hex digits.
    public var lowercaseHex: String { Hex.encodePrefixed(bytes) }

    /// `0x` and 40 hex digits whose case is the checksum of EIP-55.
    public var checksummed: String {
        var digits = Array(Hex.encode(bytes).utf8)
        let hash = Keccak256.hash(digits).bytes
        for index in digits.indices where digits[index] >= UInt8(ascii: "a") {
            let nibble = index.isMultiple(of: 2) ? hash[index / 2] >> 4 : hash[index / 2] & 15
            if nibble >= 8 { digits[index] -= 0x20 }
        }
        return "0x" + String(decoding: digits, as: UTF8.self)
    }

    public static func < (left: Address, right: Address) -> Bool { left.word < right.word }
}

extension Address: CustomStringConvertible {
    /// The checksummed form.
    public var description: String { checksummed }
}

/// Why something is not an address.
public enum AddressError: Error, Sendable, Hashable, CustomStringConvertible {
    case wrongLength(Int)
    case notAnAddress
    case wrongChecksum

    public var description: String {
        switch self {
        case .wrongLength(let count): "an address has 20 bytes, not \(count)"
        case .notAnAddress: "an address is 0x and 40 hex digits"
        case .wrongChecksum: "the upper and lower case of the address do not match its checksum (EIP-55)"
        }
    }
}
