import CSecp256k1
public import EthereumCore

/// A BIP-32 extended private key: a private key with its chain code and its place in the tree.
public struct ExtendedPrivateKey: Sendable {
    /// 32 bytes of key, 32 of chain code.
    private let material: SecretBytes
    private let position: ExtendedKeyPosition

    /// Levels below the master key.
    public var depth: UInt8 { position.depth }
    /// First bytes of the parent key's identifier; 0 for a master key.
    public var parentFingerprint: UInt32 { position.parentFingerprint }
    /// Index under the parent, hardened ones with ``DerivationPath/hardened`` set.
    public var childIndex: UInt32 { position.childIndex }
    /// Which version bytes the text has.
    public var network: ExtendedKeyNetwork { position.network }

    private init(material: SecretBytes, position: ExtendedKeyPosition) {
        self.material = material
        self.position = position
    }

    /// The master key of a seed (BIP-32, "Master key generation").
    ///
    /// - Parameter seed: 16 to 64 bytes; 64 from a mnemonic.
    public init(seed: SecretBytes) throws(WalletError) {
        guard (16...64).contains(seed.count) else { throw .seedLength(seed.count) }
        let label: StaticString = "Bitcoin seed"
        let material = label.withUTF8Buffer { label in
            unsafe seed.withUnsafeBytes {
                unsafe HMACSHA512.authenticationCode(for: $0, key: UnsafeRawBufferPointer(label))
            }
        }
        _ = try PrivateKey(material.prefix(32))
        self.init(material: material, position: .master)
    }

    /// Reads `xprv...` or `tprv...`.
    ///
    /// - Throws: ``WalletError/extendedKey(_:)`` for every invalid form of the standard: wrong checksum, length or
    ///   version, a public key inside, a private key out of range, a master key with a parent or an index.
    public init(parsing text: SecretBytes) throws(WalletError) {
        let (payload, position) = try unsafe text.withUnsafeBytes { text throws(WalletError) in
            try unsafe ExtendedKeyFormat.decode(text, isPrivate: true)
        }
        self.position = position
        material = try unsafe payload.withUnsafeBytes { bytes throws(WalletError) in
            let prefix = unsafe bytes[ExtendedKeyFormat.keyRange.lowerBound]
            guard prefix == 0 else { throw .extendedKey(.keyPrefix(prefix)) }
            let key = unsafe UnsafeRawBufferPointer(rebasing: bytes[ExtendedKeyFormat.keyRange.dropFirst()])
            guard unsafe Secp256k1.isValidPrivateKey(key) else { throw .extendedKey(.privateKeyOutOfRange) }
            return unsafe SecretBytes(count: 64) { material in
                unsafe material.copyMemory(from: key)
                unsafe UnsafeMutableRawBufferPointer(rebasing: material[32...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[ExtendedKeyFormat.chainCodeRange]))
            }
        }
    }

    /// `xprv...` or `tprv...`, as a secret.
    public func serialized() -> SecretBytes {
        unsafe ExtendedKeyFormat.encode(version: network.privateVersion, position: position) { payload in
            unsafe material.withUnsafeBytes { material in
                unsafe UnsafeMutableRawBufferPointer(rebasing: payload[13..<45]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: material[32...]))
                unsafe payload[45] = 0
                unsafe UnsafeMutableRawBufferPointer(rebasing: payload[46..<78]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: material[..<32]))
            }
        }
    }

    /// The key `path` below this one; for a master key the path as written.
    public func derive(_ path: DerivationPath) throws(WalletError) -> ExtendedPrivateKey {
        guard let last = path.indices.last else { return self }
        guard Int(depth) + path.indices.count <= DerivationPath.maxDepth else { throw .tooDeep }
        // Only the last parent's fingerprint shows in the result, and the others cost a multiplication each.
        var parent = self
        for index in path.indices.dropLast() {
            let position = try parent.position.child(index, fingerprint: 0)
            parent = ExtendedPrivateKey(material: try Self.child(of: parent.material, index: index), position: position)
        }
        return try parent.child(last)
    }

    /// One step (BIP-32, "Private parent key → private child key").
    ///
    /// - Parameter index: Hardened when ``DerivationPath/hardened`` is set.
    public func child(_ index: UInt32) throws(WalletError) -> ExtendedPrivateKey {
        let publicKey = try Self.publicKey(of: material)
        let fingerprint = ExtendedKeyFormat.fingerprint(ofPublicKey: publicKey.compressed)
        let position = try position.child(index, fingerprint: fingerprint)
        return ExtendedPrivateKey(
            material: try Self.child(of: material, index: index, publicKey: publicKey), position: position)
    }

    /// The private key at `path`, without what only the text of an extended key needs.
    package func privateKey(at path: DerivationPath) throws(WalletError) -> PrivateKey {
        var material = material
        for index in path.indices { material = try Self.child(of: material, index: index) }
        return try PrivateKey(material.prefix(32))
    }

    /// Key and chain code of a child.
    private static func child(
        of material: SecretBytes, index: UInt32, publicKey: PublicKey? = nil
    ) throws(WalletError) -> SecretBytes {
        let isHardened = index & DerivationPath.hardened != 0
        var compressed: [UInt8] = []
        if let publicKey, !isHardened {
            compressed = publicKey.compressed
        } else if !isHardened {
            compressed = try Self.publicKey(of: material).compressed
        }
        let input = unsafe SecretBytes(count: 37) { input in
            if isHardened {
                unsafe material.withUnsafeBytes { material in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: input[1..<33]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: material[..<32]))
                }
            } else {
                unsafe input.copyBytes(from: compressed)
            }
            unsafe input.storeBytes(of: index.bigEndian, toByteOffset: 33, as: UInt32.self)
        }
        let tweak = unsafe material.withUnsafeBytes { material in
            unsafe input.withUnsafeBytes { input in
                unsafe HMACSHA512.authenticationCode(
                    for: input, key: UnsafeRawBufferPointer(rebasing: material[32...]))
            }
        }
        return try unsafe SecretBytes(count: 64) { child throws(WalletError) in
            let added = unsafe tweak.withUnsafeBytes { tweak in
                unsafe material.withUnsafeBytes { unsafe child.copyMemory(from: $0) }
                unsafe UnsafeMutableRawBufferPointer(rebasing: child[32...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: tweak[32...]))
                return unsafe secp256k1_ec_seckey_tweak_add(
                    orakey_secp256k1_static(), child.baseAddress!.assumingMemoryBound(to: UInt8.self),
                    tweak.baseAddress!.assumingMemoryBound(to: UInt8.self))
            }
            guard added == 1 else { throw .noKeyAtIndex(index) }
        }
    }

    /// The public half, which derives the same children as far as they are not hardened.
    public func publicKey() throws(WalletError) -> ExtendedPublicKey {
        let key = try Self.publicKey(of: material)
        let chainCode = unsafe material.withUnsafeBytes { unsafe Array($0[32...]) }
        return ExtendedPublicKey(key: key, chainCode: chainCode, position: position)
    }

    /// Address of the key.
    public func address() throws(WalletError) -> Address {
        try Self.publicKey(of: material).address
    }

    /// The private key alone.
    package func privateKey() throws(WalletError) -> PrivateKey {
        try PrivateKey(material.prefix(32))
    }

    private static func publicKey(of material: SecretBytes) throws(WalletError) -> PublicKey {
        let key = unsafe material.withUnsafeBytes { unsafe Secp256k1.publicKey(privateKey: .init(rebasing: $0[..<32])) }
        guard let key else { throw .privateKey(reason: "it has no public key") }
        return key
    }
}

extension ExtendedPrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
