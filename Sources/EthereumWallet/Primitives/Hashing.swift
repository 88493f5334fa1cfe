import CCrypto
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

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1), by OpenSSL.
public enum HMACSHA256 {
    /// The authentication code of `message` under `key`.
    public static func authenticationCode(for message: UnsafeRawBufferPointer, key: SecretBytes) -> Bytes32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { code in
            unsafe key.withUnsafeBytes { unsafe HMACFunction.write(EVP_sha256(), key: $0, message: message, to: code) }
            return unsafe Bytes32(unsafe: UnsafeRawBufferPointer(code))
        }
    }

    /// The authentication code of `message` under `key`.
    public static func authenticationCode(for message: [UInt8], key: SecretBytes) -> Bytes32 {
        unsafe message.withUnsafeBytes { unsafe authenticationCode(for: $0, key: key) }
    }
}

/// One call of OpenSSL's HMAC with any hash.
enum HMACFunction {
    static func write(
        _ hash: OpaquePointer?, key: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer,
        to code: UnsafeMutableRawBufferPointer
    ) {
        var length = UInt32(code.count)
        // A nil key means "the key of the call before" to OpenSSL, so an empty key needs an address all the same.
        var nothing: UInt8 = 0
        let written = unsafe withUnsafeBytes(of: &nothing) { empty in
            unsafe HMAC(
                hash, key.baseAddress ?? empty.baseAddress, Int32(key.count),
                message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count,
                code.baseAddress!.assumingMemoryBound(to: UInt8.self), &length)
        }
        precondition(unsafe written != nil && Int(length) == code.count, "OpenSSL refused HMAC")
    }

    /// HMAC-SHA-512 of secret input, as BIP-32 uses it: 64 bytes into secret memory.
    static func sha512(key: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> SecretBytes {
        unsafe SecretBytes(count: 64) { unsafe write(EVP_sha512(), key: key, message: message, to: $0) }
    }
}
