public import EthereumCore

/// A byte string of 1 to 32 bytes, kept inline: the ABI's `bytes1` to `bytes32`.
public struct ABIFixedBytes: Hashable, Sendable {
    /// The bytes, left-aligned and followed by zeros.
    public let word: Bytes32
    private let length: UInt8

    /// The number of bytes, 1 to 32.
    public var count: Int { Int(length) }

    /// All 32 bytes.
    public init(_ value: Bytes32) {
        word = value
        length = 32
    }

    /// The given bytes.
    ///
    /// - Throws: ``ABIError`` with code `outOfRange` unless there are 1 to 32 bytes.
    public init(_ bytes: [UInt8]) throws(ABIError) {
        guard (1...32).contains(bytes.count) else {
            throw ABIError(.outOfRange, "fixed byte strings have 1 to 32 bytes, not \(bytes.count)")
        }
        word = Word(leftAligned: bytes[...]).bytes32
        length = UInt8(bytes.count)
    }

    /// The first `count` bytes of `word`; the caller has checked that the rest is zero.
    init(word: Word, count: Int) {
        self.word = word.bytes32
        length = UInt8(truncatingIfNeeded: count)
    }

    /// The bytes.
    public var bytes: [UInt8] { Array(word.bytes.prefix(count)) }
}

extension ABIFixedBytes: CustomStringConvertible {
    /// 0x hex.
    public var description: String { Hex.encodePrefixed(bytes) }
}
