import CSecp256k1
import Glibc
import Synchronization

/// The group's constants and the operations of libsecp256k1, on values.
///
/// Operations on public data run on the library's static context. Those that touch a private key run on a context
/// randomised against side channels, replaced as a whole at ``randomize()`` so that no signer ever sees it change.
package enum Secp256k1 {
    /// n, the order of the group (SEC 2, section 2.4.1).
    package static let order = Bytes32(
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_fffe, 0xbaae_dce6_af48_a03b, 0xbfd2_5e8c_d036_4141)

    /// n / 2, the largest s (EIP-2).
    package static let halfOrder = Bytes32(
        0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x5d57_6e73_57a4_501d, 0xdfe9_2f46_681b_20a0)

    private static let current = Mutex(SigningContext())

    /// The randomised context, for the closure only.
    package static func withContext<Result, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let context = current.withLock { $0 }
        return try unsafe body(context.pointer)
    }

    /// Replaces the context by one blinded with fresh randomness, as at every unlock of a wallet.
    package static func randomize() {
        let context = SigningContext()
        current.withLock { $0 = context }
    }

    /// Whether 32 bytes are a private key: 0 < key < n. Does not branch on the bytes.
    package static func isValidPrivateKey(_ key: UnsafeRawBufferPointer) -> Bool {
        guard key.count == 32, let bytes = unsafe key.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return false
        }
        return unsafe secp256k1_ec_seckey_verify(orakey_secp256k1_static(), bytes) == 1
    }

    /// Public key of a private key of 32 bytes; nil when that is out of range.
    package static func publicKey(privateKey: UnsafeRawBufferPointer) -> PublicKey? {
        guard unsafe isValidPrivateKey(privateKey),
            let bytes = unsafe privateKey.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return nil }
        var point = secp256k1_pubkey()
        guard unsafe withContext({ context in unsafe secp256k1_ec_pubkey_create(context, &point, bytes) }) == 1 else {
            return nil
        }
        return serialize(&point)
    }

    /// Deterministic signature (RFC 6979) of the digest, always low s; nil when the key is out of range.
    package static func sign(digest: Bytes32, privateKey: UnsafeRawBufferPointer) -> Signature? {
        guard privateKey.count == 32,
            let key = unsafe privateKey.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return nil }
        var recoverable = secp256k1_ecdsa_recoverable_signature()
        let signed = unsafe digest.withUnsafeBytes { message in
            unsafe withContext { context in
                unsafe secp256k1_ecdsa_sign_recoverable(
                    context, &recoverable, message.assumingMemoryBound(to: UInt8.self).baseAddress!, key, nil, nil)
            }
        }
        guard signed == 1 else { return nil }
        var compact = (Bytes32.zero, Bytes32.zero)
        var recoveryID: Int32 = 0
        unsafe withUnsafeMutableBytes(of: &compact) { buffer in
            _ = unsafe secp256k1_ecdsa_recoverable_signature_serialize_compact(
                orakey_secp256k1_static(), buffer.assumingMemoryBound(to: UInt8.self).baseAddress!, &recoveryID,
                &recoverable)
        }
        // Ids 2 and 3 mean that x of the point was at least n: probability 2^-128, and not expressible in v.
        guard recoveryID < 2 else { return nil }
        return unsafe withUnsafeBytes(of: compact) { buffer in
            try? unsafe Signature(
                r: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: buffer[0..<32])),
                s: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: buffer[32..<64])), yParity: UInt8(recoveryID))
        }
    }

    static func recover(_ signature: Signature, digest: Bytes32) -> PublicKey? {
        let compact = (
            signature.r.word0.bigEndian, signature.r.word1.bigEndian, signature.r.word2.bigEndian,
            signature.r.word3.bigEndian, signature.s.word0.bigEndian, signature.s.word1.bigEndian,
            signature.s.word2.bigEndian, signature.s.word3.bigEndian
        )
        var recoverable = secp256k1_ecdsa_recoverable_signature()
        let parsed = unsafe withUnsafeBytes(of: compact) { bytes in
            unsafe secp256k1_ecdsa_recoverable_signature_parse_compact(
                orakey_secp256k1_static(), &recoverable, bytes.assumingMemoryBound(to: UInt8.self).baseAddress!,
                Int32(signature.yParity))
        }
        guard parsed == 1 else { return nil }
        var point = secp256k1_pubkey()
        let recovered = unsafe digest.withUnsafeBytes { message in
            unsafe secp256k1_ecdsa_recover(
                orakey_secp256k1_static(), &point, &recoverable,
                message.assumingMemoryBound(to: UInt8.self).baseAddress!)
        }
        return recovered == 1 ? serialize(&point) : nil
    }

    static func verify(_ signature: Signature, digest: Bytes32, key: PublicKey) -> Bool {
        guard var point = point(key.uncompressed) else { return false }
        var parsed = secp256k1_ecdsa_signature()
        guard
            unsafe secp256k1_ecdsa_signature_parse_compact(
                orakey_secp256k1_static(), &parsed, signature.r.bytes + signature.s.bytes) == 1
        else { return false }
        return unsafe digest.withUnsafeBytes { message in
            unsafe secp256k1_ecdsa_verify(
                orakey_secp256k1_static(), &parsed, message.assumingMemoryBound(to: UInt8.self).baseAddress!, &point)
        } == 1
    }

    static func parsePublicKey(_ bytes: [UInt8]) -> PublicKey? {
        guard var point = point(bytes) else { return nil }
        return serialize(&point)
    }

    private static func point(_ bytes: [UInt8]) -> secp256k1_pubkey? {
        var point = secp256k1_pubkey()
        guard unsafe secp256k1_ec_pubkey_parse(orakey_secp256k1_static(), &point, bytes, bytes.count) == 1 else {
            return nil
        }
        return point
    }

    private static func serialize(_ point: inout secp256k1_pubkey) -> PublicKey {
        var bytes = InlineArray<65, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        return unsafe span.withUnsafeMutableBytes { buffer in
            var count = 65
            _ = unsafe secp256k1_ec_pubkey_serialize(
                orakey_secp256k1_static(), buffer.assumingMemoryBound(to: UInt8.self).baseAddress!, &count, &point,
                UInt32(SECP256K1_EC_UNCOMPRESSED))
            let bytes = UnsafeRawBufferPointer(buffer)
            return unsafe PublicKey(
                trustedX: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: bytes[1..<33])),
                y: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: bytes[33..<65])))
        }
    }
}

/// One context of libsecp256k1, blinded at birth, never changed, destroyed with its last user.
@safe private final class SigningContext: @unchecked Sendable {
    // Only read after init: the library allows any number of threads to sign with a context that nobody changes.
    let pointer: OpaquePointer

    init() {
        guard let pointer = unsafe secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            // Out of memory at 200 bytes, or a library that fails its self-test.
            fatalError("libsecp256k1 gives no context")
        }
        unsafe self.pointer = pointer
        var random = SystemRandomNumberGenerator()
        var seed = (random.next(), random.next(), random.next(), random.next())
        let blinded = unsafe withUnsafeMutableBytes(of: &seed) { bytes in
            defer { unsafe explicit_bzero(bytes.baseAddress!, bytes.count) }
            return unsafe secp256k1_context_randomize(pointer, bytes.assumingMemoryBound(to: UInt8.self).baseAddress!)
        }
        precondition(blinded == 1, "libsecp256k1 cannot blind its context")
    }

    deinit { unsafe secp256k1_context_destroy(pointer) }
}
