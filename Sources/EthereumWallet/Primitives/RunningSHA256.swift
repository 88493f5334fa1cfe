import CSodium
public import EthereumCore

/// SHA-256 (FIPS 180-4) of bytes that come in pieces, by libsodium.
public struct RunningSHA256: Sendable {
    private var state = crypto_hash_sha256_state()

    /// The hash of nothing yet.
    public init() { unsafe crypto_hash_sha256_init(&state) }

    /// Adds bytes.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            if let base = buffer.baseAddress { unsafe crypto_hash_sha256_update(&state, base, UInt64(buffer.count)) }
        }
        if isDone == nil { update(Array(bytes)) }
    }

    /// The hash of what was added so far; more may follow.
    public var hash: Bytes32 {
        var copy = state
        return unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
            unsafe crypto_hash_sha256_final(&copy, digest.baseAddress!.assumingMemoryBound(to: UInt8.self))
            return unsafe Bytes32(unsafe: UnsafeRawBufferPointer(digest))
        }
    }
}
