/// 32 bytes, stored inline: a hash, a `bytes32`, a scalar of a signature. Ordered as a big-endian number.
public struct Bytes32: Hashable, Comparable, Sendable {
    // Words in big-endian order; each is an ordinary integer, so comparison needs no byte swaps.
    let word0: UInt64
    let word1: UInt64
    let word2: UInt64
    let word3: UInt64

    @inline(__always)
    init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// 32 zero bytes.
    public static let zero = Bytes32(0, 0, 0, 0)

    /// Exactly 32 bytes.
    ///
    /// - Throws: ``HexError/wrongLength(expected:found:)``.
    public init(bytes: some Collection<UInt8>) throws(HexError) {
        guard bytes.count == 32 else { throw .wrongLength(expected: 32, found: bytes.count) }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for byte in bytes {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | words.2 >> 56
            words.2 = words.2 << 8 | words.3 >> 56
            words.3 = words.3 << 8 | UInt64(byte)
        }
        self.init(words.0, words.1, words.2, words.3)
    }

    /// 32 bytes in memory.
    ///
    /// - Precondition: the buffer holds exactly 32 bytes.
    public init(unsafe buffer: UnsafeRawBufferPointer) {
        precondition(buffer.count == 32)
        self.init(
            unsafe UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            unsafe UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            unsafe UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            unsafe UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
    }

    /// `0x` and 64 hex digits of either case.
    ///
    /// - Throws: ``HexError``.
    public init(hex: some StringProtocol) throws(HexError) {
        let bytes = try Hex.decode(hex, prefix: .required)
        try self.init(bytes: bytes)
    }

    /// The number as 32 big-endian bytes.
    public init(_ value: UInt256) { self.init(value.limb3, value.limb2, value.limb1, value.limb0) }

    /// The bytes, first to last.
    public var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

    /// `0x` and 64 lower-case hex digits.
    public var hex: String { Hex.encodePrefixed(bytes) }

    /// Calls the closure with the 32 bytes; the pointer must not outlive it.
    @inline(__always)
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return try unsafe Swift.withUnsafeBytes(of: words, body)
    }

    /// Stores the 32 bytes at an address with room for them, of any alignment.
    @inline(__always)
    package func store(to address: UnsafeMutableRawPointer) {
        unsafe address.storeBytes(of: word0.bigEndian, toByteOffset: 0, as: UInt64.self)
        unsafe address.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
        unsafe address.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt64.self)
        unsafe address.storeBytes(of: word3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }
}

extension Bytes32: CustomStringConvertible {
    public var description: String { hex }
}
