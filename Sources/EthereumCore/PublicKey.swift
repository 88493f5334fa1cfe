/// A public key: a point of secp256k1 other than infinity.
public struct PublicKey: Hashable, Sendable {
    /// x coordinate.
    public let x: Bytes32

    /// y coordinate.
    public let y: Bytes32

    /// The coordinates of a point that is known to be on the curve.
    init(trustedX x: Bytes32, y: Bytes32) {
        self.x = x
        self.y = y
    }

    /// The forms of SEC 1, section 2.3.3: 65 bytes (0x04, x, y) or 33 bytes (0x02 or 0x03, x).
    ///
    /// - Throws: ``SignatureError/invalidPublicKey`` for any other form and for points that are not on the curve.
    public init(bytes: [UInt8]) throws(SignatureError) {
        // libsecp256k1 also takes the hybrid forms 6 and 7 of ANSI X9.62; nothing in Ethereum does.
        switch (bytes.count, bytes.first) {
        case (65, 4), (33, 2), (33, 3): break
        default: throw .invalidPublicKey
        }
        guard let key = Secp256k1.parsePublicKey(bytes) else { throw .invalidPublicKey }
        self = key
    }

    /// 65 bytes: 0x04, x, y.
    public var uncompressed: [UInt8] { [4] + x.bytes + y.bytes }

    /// 33 bytes: 0x02 for an even y or 0x03 for an odd one, then x.
    public var compressed: [UInt8] { [2 + UInt8(y.word3 & 1)] + x.bytes }

    /// The last 20 bytes of keccak256(x, y).
    public var address: Address {
        var hasher = Keccak256()
        hasher.update(x)
        hasher.update(y)
        return Address(truncating: hasher.finalize())
    }

    /// Whether the key made the signature over the digest.
    public func verify(_ signature: Signature, digest: Bytes32) -> Bool {
        Secp256k1.verify(signature, digest: digest, key: self)
    }
}
