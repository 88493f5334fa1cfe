/// An ECDSA signature over secp256k1 in the only form that Ethereum accepts: 0 < r < n, 0 < s <= n/2 (EIP-2), and the
/// parity of the point's y coordinate, from which the signer can be recovered.
public struct Signature: Hashable, Sendable {
    /// x coordinate of the point, as a scalar.
    public let r: Bytes32

    /// The proof, in the lower half of the group.
    public let s: Bytes32

    /// 0 for an even y, 1 for an odd one.
    public let yParity: UInt8

    /// - Throws: ``SignatureError`` naming the part that is out of range.
    public init(r: Bytes32, s: Bytes32, yParity: UInt8) throws(SignatureError) {
        guard r != .zero, r < Secp256k1.order else { throw .rOutOfRange }
        guard s != .zero, s < Secp256k1.order else { throw .sOutOfRange }
        guard s <= Secp256k1.halfOrder else { throw .highS }
        guard yParity <= 1 else { throw .invalidParity }
        self.r = r
        self.s = s
        self.yParity = yParity
    }

    /// 65 bytes: r, s, v with v = 27 or 28.
    ///
    /// - Throws: ``SignatureError``.
    public init(rsv bytes: [UInt8]) throws(SignatureError) {
        guard bytes.count == 65 else { throw .wrongLength(bytes.count) }
        guard bytes[64] == 27 || bytes[64] == 28 else { throw .invalidV }
        guard let r = try? Bytes32(bytes: bytes[..<32]), let s = try? Bytes32(bytes: bytes[32..<64]) else {
            throw .wrongLength(bytes.count)
        }
        try self.init(r: r, s: s, yParity: bytes[64] - 27)
    }

    /// 65 bytes in memory: r, s, v with v = 27 or 28.
    ///
    /// - Throws: ``SignatureError``.
    public init(rsv bytes: UnsafeRawBufferPointer) throws(SignatureError) {
        guard bytes.count == 65 else { throw .wrongLength(bytes.count) }
        let v = unsafe bytes[64]
        guard v == 27 || v == 28 else { throw .invalidV }
        try unsafe self.init(
            r: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: bytes[0..<32])),
            s: Bytes32(unsafe: UnsafeRawBufferPointer(rebasing: bytes[32..<64])), yParity: v - 27)
    }

    /// 27 for an even y, 28 for an odd one.
    public var v: UInt8 { 27 + yParity }

    /// 65 bytes: r, s, v with v = 27 or 28.
    public var serialized65: [UInt8] { r.bytes + s.bytes + [v] }

    /// The public key that made this signature over the digest.
    ///
    /// - Throws: ``SignatureError/notRecoverable``.
    public func recoverPublicKey(digest: Bytes32) throws(SignatureError) -> PublicKey {
        guard let key = Secp256k1.recover(self, digest: digest) else { throw .notRecoverable }
        return key
    }

    /// The address whose key made this signature over the digest.
    ///
    /// - Throws: ``SignatureError/notRecoverable``.
    public func recoverAddress(digest: Bytes32) throws(SignatureError) -> Address {
        try recoverPublicKey(digest: digest).address
    }
}

/// Why something is not a signature of the strict form, or has no signer.
public enum SignatureError: Error, Sendable, Hashable, CustomStringConvertible {
    case wrongLength(Int)
    case rOutOfRange
    case sOutOfRange
    case highS
    case invalidParity
    case invalidV
    case notRecoverable
    case invalidPublicKey

    public var description: String {
        switch self {
        case .wrongLength(let count): "a signature has 65 bytes, not \(count)"
        case .rOutOfRange: "r of the signature is not between 1 and n - 1"
        case .sOutOfRange: "s of the signature is not between 1 and n - 1"
        case .highS: "s of the signature is in the upper half of the group (EIP-2)"
        case .invalidParity: "the y parity of the signature is neither 0 nor 1"
        case .invalidV: "v of the signature is neither 27 nor 28"
        case .notRecoverable: "no public key belongs to this signature"
        case .invalidPublicKey: "not a point of secp256k1 in the form of SEC 1"
        }
    }
}
