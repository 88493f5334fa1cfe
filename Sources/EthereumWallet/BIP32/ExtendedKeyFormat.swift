import CCrypto
import EthereumCore

/// What is wrong with the text of an extended key.
public enum ExtendedKeyProblem: Sendable, Hashable, CustomStringConvertible {
    /// Not Base58 at all.
    case notBase58
    /// Not 78 bytes and a checksum.
    case length(Int)
    /// The four checksum bytes are wrong.
    case checksum
    /// Neither xprv, xpub, tprv nor tpub.
    case version(UInt32)
    /// An xpub where an xprv is wanted, or the other way round.
    case kind(expected: String)
    /// The first byte of the key does not fit the version, or is not a prefix at all.
    case keyPrefix(UInt8)
    /// A private key that is zero or not below n.
    case privateKeyOutOfRange
    /// A public key that is not a point of the curve.
    case notOnCurve
    /// A master key with a parent's fingerprint.
    case masterWithParent
    /// A master key with a child index.
    case masterWithIndex

    /// One line: what is wrong.
    public var description: String {
        switch self {
        case .notBase58: "not an extended key: it is not Base58 text"
        case .length(let count): "not an extended key: it has \(count) bytes, not 82"
        case .checksum: "not an extended key: the checksum is wrong, check for typing errors"
        case .version: "not an extended key that is known here; it begins with xprv, xpub, tprv or tpub"
        case .kind(let expected): "not the right kind of extended key: it begins with \(expected)"
        case .keyPrefix: "not an extended key: the key in it does not fit its version"
        case .privateKeyOutOfRange: "not an extended key: the private key in it is out of range"
        case .notOnCurve: "not an extended key: the public key in it is not a point of the curve"
        case .masterWithParent: "not an extended key: a master key has no parent"
        case .masterWithIndex: "not an extended key: a master key has no index"
        }
    }
}

/// The network in an extended key's version bytes (BIP-32, "Serialization format").
public enum ExtendedKeyNetwork: Sendable, Hashable {
    /// `xprv`, `xpub`. Ethereum wallets use it on every network.
    case main
    /// `tprv`, `tpub`.
    case test

    var privateVersion: UInt32 { self == .main ? 0x0488_ADE4 : 0x0435_8394 }
    var publicVersion: UInt32 { self == .main ? 0x0488_B21E : 0x0435_87CF }
}

/// Where a key stands in its tree.
struct ExtendedKeyPosition: Sendable, Hashable {
    var network: ExtendedKeyNetwork
    var depth: UInt8
    var parentFingerprint: UInt32
    var childIndex: UInt32

    static let master = ExtendedKeyPosition(network: .main, depth: 0, parentFingerprint: 0, childIndex: 0)

    func child(_ index: UInt32, fingerprint: UInt32) throws(WalletError) -> ExtendedKeyPosition {
        guard depth < 255 else { throw .tooDeep }
        return ExtendedKeyPosition(
            network: network, depth: depth + 1, parentFingerprint: fingerprint, childIndex: index)
    }
}

/// The 78 bytes and their Base58Check text: version, depth, parent's fingerprint, index, chain code, key.
enum ExtendedKeyFormat {
    static let payloadCount = 78
    static let totalCount = 82
    /// No text of 82 bytes is longer.
    static let maxTextCount = Base58.maxEncodedCount(totalCount)
    static let chainCodeRange = 13..<45
    static let keyRange = 45..<78

    /// Text of the payload that `fill` completes from the chain code on.
    static func encode(
        version: UInt32, position: ExtendedKeyPosition, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> SecretBytes {
        let payload = unsafe SecretBytes(count: totalCount) { bytes in
            unsafe bytes.storeBytes(of: version.bigEndian, toByteOffset: 0, as: UInt32.self)
            unsafe bytes.storeBytes(of: position.depth, toByteOffset: 4, as: UInt8.self)
            unsafe bytes.storeBytes(of: position.parentFingerprint.bigEndian, toByteOffset: 5, as: UInt32.self)
            unsafe bytes.storeBytes(of: position.childIndex.bigEndian, toByteOffset: 9, as: UInt32.self)
            unsafe fill(bytes)
            let sum = unsafe checksum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<payloadCount]))
            unsafe bytes.storeBytes(of: sum.bigEndian, toByteOffset: payloadCount, as: UInt32.self)
        }
        return unsafe SecretBytes(capacity: maxTextCount) { text in
            unsafe payload.withUnsafeBytes { unsafe Base58.encode($0, into: text) }
        }
    }

    /// Decodes a text and checks all that does not depend on the kind of key.
    static func decode(_ text: UnsafeRawBufferPointer, isPrivate: Bool) throws(WalletError) -> (
        payload: SecretBytes, position: ExtendedKeyPosition
    ) {
        guard text.count <= Base58.maxEncodedCount(2 * totalCount) else { throw .extendedKey(.length(text.count)) }
        let payload = try unsafe SecretBytes(capacity: 2 * totalCount) { bytes throws(WalletError) in
            do throws(Base58Error) {
                return try unsafe Base58.decode(text, into: bytes)
            } catch {
                throw .extendedKey(.notBase58)
            }
        }
        guard payload.count == totalCount else { throw .extendedKey(.length(payload.count)) }
        return try unsafe payload.withUnsafeBytes { bytes throws(WalletError) in
            let sum = unsafe checksum(UnsafeRawBufferPointer(rebasing: bytes[..<payloadCount]))
            guard unsafe word(bytes, payloadCount) == sum else { throw .extendedKey(.checksum) }
            let network = try network(of: unsafe word(bytes, 0), isPrivate: isPrivate)
            let position = unsafe ExtendedKeyPosition(
                network: network, depth: bytes[4], parentFingerprint: word(bytes, 5), childIndex: word(bytes, 9))
            if position.depth == 0 {
                guard position.parentFingerprint == 0 else { throw .extendedKey(.masterWithParent) }
                guard position.childIndex == 0 else { throw .extendedKey(.masterWithIndex) }
            }
            return (payload, position)
        }
    }

    private static func network(of version: UInt32, isPrivate: Bool) throws(WalletError) -> ExtendedKeyNetwork {
        for network in [ExtendedKeyNetwork.main, .test] {
            if version == (isPrivate ? network.privateVersion : network.publicVersion) { return network }
            if version == (isPrivate ? network.publicVersion : network.privateVersion) {
                throw .extendedKey(.kind(expected: isPrivate ? "xprv" : "xpub"))
            }
        }
        throw .extendedKey(.version(version))
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// First four bytes of the double SHA-256.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe SHA256.hash(unsafe SHA256.hash(bytes).bytes).withUnsafeBytes { unsafe word($0, 0) }
    }

    /// First four bytes of RIPEMD-160(SHA-256(compressed public key)).
    static func fingerprint(ofPublicKey compressed: [UInt8]) -> UInt32 {
        unsafe UInt32(
            bigEndian: identifier(ofPublicKey: compressed).withUnsafeBytes {
                unsafe $0.loadUnaligned(as: UInt32.self)
            })
    }

    /// RIPEMD-160(SHA-256(compressed public key)): 20 bytes.
    static func identifier(ofPublicKey compressed: [UInt8]) -> [UInt8] {
        let inner = SHA256.hash(compressed).bytes
        var digest = [UInt8](repeating: 0, count: 20)
        let status = unsafe EVP_Digest(inner, inner.count, &digest, nil, EVP_ripemd160(), nil)
        precondition(status == 1, "OpenSSL has no RIPEMD-160")
        return digest
    }
}
