import CSecp256k1
public import EthereumCore

/// A BIP-32 extended public key. It derives the public keys of all children that are not hardened; whoever has it and
/// one child's private key has the parent's private key, so it is not for everybody's eyes either.
public struct ExtendedPublicKey: Sendable, Hashable {
    /// The public key.
    public let key: PublicKey
    private let chainCode: [UInt8]
    private let position: ExtendedKeyPosition

    /// Levels below the master key.
    public var depth: UInt8 { position.depth }
    /// First bytes of the parent key's identifier; 0 for a master key.
    public var parentFingerprint: UInt32 { position.parentFingerprint }
    /// Index under the parent.
    public var childIndex: UInt32 { position.childIndex }
    /// Which version bytes the text has.
    public var network: ExtendedKeyNetwork { position.network }
    /// RIPEMD-160(SHA-256(key)): 20 bytes whose first four are the fingerprint (BIP-32, "Key identifiers").
    public var identifier: [UInt8] { ExtendedKeyFormat.identifier(ofPublicKey: key.compressed) }
    /// Address of the key.
    public var address: Address { key.address }

    init(key: PublicKey, chainCode: [UInt8], position: ExtendedKeyPosition) {
        self.key = key
        self.chainCode = chainCode
        self.position = position
    }

    /// Reads `xpub...` or `tpub...`.
    ///
    /// - Throws: ``WalletError/extendedKey(_:)`` for every invalid form of the standard.
    public init(parsing text: String) throws(WalletError) {
        let utf8 = Array(text.utf8)
        let source = SecretBytes(copying: utf8)
        let (payload, position) = try unsafe source.withUnsafeBytes { text throws(WalletError) in
            try unsafe ExtendedKeyFormat.decode(text, isPrivate: false)
        }
        let bytes = unsafe payload.withUnsafeBytes { unsafe Array($0) }
        let prefix = bytes[ExtendedKeyFormat.keyRange.lowerBound]
        guard prefix == 2 || prefix == 3 else { throw .extendedKey(.keyPrefix(prefix)) }
        guard let key = try? PublicKey(bytes: Array(bytes[ExtendedKeyFormat.keyRange])) else {
            throw .extendedKey(.notOnCurve)
        }
        self.init(key: key, chainCode: Array(bytes[ExtendedKeyFormat.chainCodeRange]), position: position)
    }

    /// `xpub...` or `tpub...`.
    public var serialized: String {
        let text = unsafe ExtendedKeyFormat.encode(version: network.publicVersion, position: position) { payload in
            unsafe UnsafeMutableRawBufferPointer(rebasing: payload[ExtendedKeyFormat.chainCodeRange])
                .copyBytes(from: chainCode)
            unsafe UnsafeMutableRawBufferPointer(rebasing: payload[ExtendedKeyFormat.keyRange])
                .copyBytes(from: key.compressed)
        }
        return unsafe text.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The key `path` below this one.
    ///
    /// - Throws: ``WalletError/hardenedFromPublic`` when a step is hardened.
    public func derive(_ path: DerivationPath) throws(WalletError) -> ExtendedPublicKey {
        var key = self
        for index in path.indices { key = try key.child(index) }
        return key
    }

    /// One step (BIP-32, "Public parent key → public child key").
    public func child(_ index: UInt32) throws(WalletError) -> ExtendedPublicKey {
        guard index & DerivationPath.hardened == 0 else { throw .hardenedFromPublic }
        let compressed = key.compressed
        let position = try position.child(
            index, fingerprint: ExtendedKeyFormat.fingerprint(ofPublicKey: compressed))
        var input = compressed
        for shift in [24, 16, 8, 0] as [UInt32] { input.append(UInt8(truncatingIfNeeded: index >> shift)) }
        let tweak = unsafe chainCode.withUnsafeBytes { chainCode in
            unsafe input.withUnsafeBytes { unsafe HMACSHA512.authenticationCode(for: $0, key: chainCode) }
        }
        var point = secp256k1_pubkey()
        var child = [UInt8](repeating: 0, count: 65)
        var count = child.count
        let derived = unsafe tweak.withUnsafeBytes { tweak in
            unsafe secp256k1_ec_pubkey_parse(orakey_secp256k1_static(), &point, compressed, compressed.count) == 1
                && secp256k1_ec_pubkey_tweak_add(
                    orakey_secp256k1_static(), &point, tweak.baseAddress!.assumingMemoryBound(to: UInt8.self)) == 1
                && secp256k1_ec_pubkey_serialize(
                    orakey_secp256k1_static(), &child, &count, &point, UInt32(SECP256K1_EC_UNCOMPRESSED)) == 1
        }
        guard derived, let key = try? PublicKey(bytes: child) else { throw .noKeyAtIndex(index) }
        let childChainCode = unsafe tweak.withUnsafeBytes { unsafe Array($0[32...]) }
        return ExtendedPublicKey(key: key, chainCode: childChainCode, position: position)
    }
}
