import CCrypto
import CSodium
public import EthereumCore

/// SHA-256 (FIPS 180-4), by OpenSSL.
public enum SHA256 {
    /// The hash of `bytes`.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
            _ = unsafe CCrypto.SHA256(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
                digest.baseAddress!.assumingMemoryBound(to: UInt8.self))
            return unsafe Bytes32(unsafe: UnsafeRawBufferPointer(digest))
        }
    }

    /// The hash of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> Bytes32 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    /// The hash of a secret. The result is not secret by itself: what it may be used for is the caller's to decide.
    public static func hash(_ secret: SecretBytes) -> Bytes32 {
        unsafe secret.withUnsafeBytes { unsafe hash($0) }
    }
}

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1), by libsodium.
public enum HMACSHA256 {
    /// The authentication code of `message` under `key`.
    public static func authenticationCode(for message: UnsafeRawBufferPointer, key: SecretBytes) -> Bytes32 {
        unsafe secretCode(of: message, key: key).withUnsafeBytes { unsafe Bytes32(unsafe: $0) }
    }

    /// A key of 32 bytes for one purpose: the expansion step of HKDF (RFC 5869, section 2.3) for one block, with `label`
    /// as the info. `key` must have the entropy of a key already.
    public static func derivedKey(_ label: [UInt8], from key: SecretBytes) -> SecretBytes {
        unsafe (label + [1]).withUnsafeBytes { unsafe secretCode(of: $0, key: key) }
    }

    private static func secretCode(of message: UnsafeRawBufferPointer, key: SecretBytes) -> SecretBytes {
        unsafe SecretBytes(count: 32) { code in
            unsafe key.withUnsafeBytes { key in
                unsafe withUnsafeTemporaryAllocation(of: crypto_auth_hmacsha256_state.self, capacity: 1) { state in
                    let context = state.baseAddress!
                    unsafe crypto_auth_hmacsha256_init(context, bytes(key), key.count)
                    unsafe crypto_auth_hmacsha256_update(context, bytes(message), UInt64(message.count))
                    unsafe crypto_auth_hmacsha256_final(context, code.baseAddress!.assumingMemoryBound(to: UInt8.self))
                    unsafe sodium_memzero(context, MemoryLayout<crypto_auth_hmacsha256_state>.size)
                }
            }
        }
    }

    /// The authentication code of `message` under `key`.
    public static func authenticationCode(for message: [UInt8], key: SecretBytes) -> Bytes32 {
        unsafe message.withUnsafeBytes { unsafe authenticationCode(for: $0, key: key) }
    }
}

/// HMAC-SHA-512, by libsodium: OpenSSL 3 looks the algorithm up at every call, which takes longer than the hash.
enum HMACSHA512 {
    /// The authentication code, 64 bytes of secret memory.
    static func authenticationCode(for message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> SecretBytes {
        unsafe SecretBytes(count: 64) { code in
            unsafe withUnsafeTemporaryAllocation(of: crypto_auth_hmacsha512_state.self, capacity: 1) { state in
                let context = state.baseAddress!
                unsafe crypto_auth_hmacsha512_init(context, bytes(key), key.count)
                unsafe crypto_auth_hmacsha512_update(context, bytes(message), UInt64(message.count))
                unsafe crypto_auth_hmacsha512_final(context, code.baseAddress!.assumingMemoryBound(to: UInt8.self))
                unsafe sodium_memzero(context, MemoryLayout<crypto_auth_hmacsha512_state>.size)
            }
        }
    }
}

/// An address for C, which wants one even for no bytes.
private func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8> {
    let nowhere: StaticString = ""
    return unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nowhere.utf8Start
}
