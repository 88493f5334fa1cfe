package import EthereumCore

/// A valid secp256k1 private key in secret memory. It cannot be copied, and its bytes are reached in closures only.
package struct PrivateKey: ~Copyable, Sendable {
    private let bytes: SecretBytes

    /// Checks a key of exactly 32 bytes in 1..<n, n the order of the group.
    package init(_ bytes: SecretBytes) throws(WalletError) {
        guard bytes.count == 32 else { throw .privateKey(reason: "it has \(bytes.count) bytes, not 32") }
        guard unsafe bytes.withUnsafeBytes({ unsafe Secp256k1.isValidPrivateKey($0) }) else {
            throw .privateKey(reason: "it is zero or not below the order of secp256k1")
        }
        self.bytes = bytes
    }

    /// Lends the 32 bytes to `body`. The pointer must not outlive the call.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe bytes.withUnsafeBytes(body)
    }

    /// The public key.
    package func publicKey() throws(WalletError) -> PublicKey {
        guard let key = unsafe bytes.withUnsafeBytes({ unsafe Secp256k1.publicKey(privateKey: $0) }) else {
            throw .privateKey(reason: "it has no public key")
        }
        return key
    }

    /// Deterministic ECDSA signature (RFC 6979, low s) of a digest. Only ``Account`` calls it.
    func sign(digest: Bytes32) throws(WalletError) -> Signature {
        guard let signature = unsafe bytes.withUnsafeBytes({ unsafe Secp256k1.sign(digest: digest, privateKey: $0) })
        else { throw .signingFailed(reason: "libsecp256k1 refused") }
        return signature
    }
}
