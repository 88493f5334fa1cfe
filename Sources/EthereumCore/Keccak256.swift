/// Keccak-256 with the original padding (0x01), as Ethereum uses it; not SHA3-256 of FIPS 202.
///
/// Hash in one call, or feed pieces to a value of this type:
/// ```swift
/// var hasher = Keccak256()
/// hasher.update([0x19])
/// let digest = hasher.finalize()
/// ```
public struct Keccak256: Sendable {
    /// Bytes absorbed between two permutations: 1600 bits less twice 256.
    private static let rate = 136

    private var state = KeccakPermutation.State(repeating: 0)
    private var filled = 0

    /// A hasher that has seen nothing.
    @inline(__always)
    public init() {}

    /// Hash of the bytes.
    public static func hash(_ bytes: [UInt8]) -> Bytes32 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// Hash of the bytes in memory.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
        var hasher = Keccak256()
        unsafe hasher.update(bytes)
        return hasher.finalize()
    }

    /// Hash of 32 bytes.
    public static func hash(_ bytes: Bytes32) -> Bytes32 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// Absorbs the bytes.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Absorbs 32 bytes.
    public mutating func update(_ bytes: Bytes32) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Absorbs the bytes in memory.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        let count = bytes.count
        while filled & 7 != 0, offset < count {
            unsafe absorb(byte: bytes[offset])
            offset += 1
        }
        while offset + 8 <= count {
            state[filled >> 3] ^= unsafe UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
            filled += 8
            if filled == Self.rate {
                KeccakPermutation.permute(&state)
                filled = 0
            }
        }
        while offset < count {
            unsafe absorb(byte: bytes[offset])
            offset += 1
        }
    }

    /// Pads, squeezes 32 bytes. The hasher keeps its state: more bytes may follow for a longer message.
    public func finalize() -> Bytes32 {
        var last = state
        last[filled >> 3] ^= 1 << UInt64(8 * (filled & 7))
        last[Self.rate / 8 - 1] ^= 1 << 63
        KeccakPermutation.permute(&last)
        return Bytes32(last[0].byteSwapped, last[1].byteSwapped, last[2].byteSwapped, last[3].byteSwapped)
    }

    @inline(__always)
    private mutating func absorb(byte: UInt8) {
        state[filled >> 3] ^= UInt64(byte) << UInt64(8 * (filled & 7))
        filled += 1
        if filled == Self.rate {
            KeccakPermutation.permute(&state)
            filled = 0
        }
    }
}
