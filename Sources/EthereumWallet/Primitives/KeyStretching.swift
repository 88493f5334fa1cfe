import CCrypto
import CSodium

/// Slow functions from a passphrase to a key. Parameters are checked by the caller, before any memory is taken.
enum KeyStretching {
    /// scrypt (RFC 7914), by libsodium, whose low-level call takes every parameter that wallet files have in the wild;
    /// OpenSSL refuses n >= 2^(16 r), which a published vector of Web3 Secret Storage has. The memory, 128 n r bytes, is
    /// given back to the system before the call returns.
    static func scrypt(
        passphrase: SecretBytes, salt: [UInt8], n: UInt64, r: UInt32, p: UInt32, count: Int
    ) throws(WalletError) -> SecretBytes {
        _ = SecretMemory.ready
        return try unsafe SecretBytes(count: count) { key throws(WalletError) in
            let status = unsafe passphrase.withUnsafeBytes { passphrase in
                unsafe salt.withUnsafeBufferPointer { salt in
                    unsafe withNonNil(passphrase) { bytes in
                        unsafe crypto_pwhash_scryptsalsa208sha256_ll(
                            bytes, passphrase.count, salt.baseAddress!, salt.count, n, r, p,
                            key.baseAddress!.assumingMemoryBound(to: UInt8.self), key.count)
                    }
                }
            }
            guard status == 0 else { throw .outOfMemory(bytes: Int(clamping: 128 * n * UInt64(r))) }
        }
    }

    /// PBKDF2 with HMAC-SHA-256 (RFC 8018), by OpenSSL.
    static func pbkdf2SHA256(passphrase: SecretBytes, salt: [UInt8], iterations: Int32, count: Int) -> SecretBytes {
        unsafe salt.withUnsafeBytes { salt in
            unsafe pbkdf2(EVP_sha256(), passphrase: passphrase, salt: salt, iterations: iterations, count: count)
        }
    }

    /// PBKDF2 with HMAC-SHA-512, as BIP-39 uses it.
    static func pbkdf2SHA512(
        passphrase: SecretBytes, salt: UnsafeRawBufferPointer, iterations: Int32, count: Int
    ) -> SecretBytes {
        unsafe pbkdf2(EVP_sha512(), passphrase: passphrase, salt: salt, iterations: iterations, count: count)
    }

    private static func pbkdf2(
        _ hash: OpaquePointer?, passphrase: SecretBytes, salt: UnsafeRawBufferPointer, iterations: Int32, count: Int
    ) -> SecretBytes {
        unsafe SecretBytes(count: count) { key in
            let status = unsafe passphrase.withUnsafeBytes { passphrase in
                unsafe withNonNil(passphrase) { bytes in
                    unsafe PKCS5_PBKDF2_HMAC(
                        UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self), Int32(passphrase.count),
                        salt.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(salt.count), iterations, hash,
                        Int32(key.count), key.baseAddress!.assumingMemoryBound(to: UInt8.self))
                }
            }
            precondition(status == 1, "OpenSSL refused PBKDF2")
        }
    }

    /// Both libraries want an address even for an empty passphrase.
    private static func withNonNil<R>(_ buffer: UnsafeRawBufferPointer, _ body: (UnsafePointer<UInt8>) -> R) -> R {
        if let base = buffer.baseAddress { return unsafe body(base.assumingMemoryBound(to: UInt8.self)) }
        var nothing: UInt8 = 0
        return unsafe withUnsafePointer(to: &nothing) { unsafe body($0) }
    }
}
