import EthereumCore

/// What a wallet keeps secret.
public enum WalletSecret: Sendable, Equatable {
    /// Words, and the mnemonic passphrase if there is one.
    case mnemonic(Mnemonic, passphrase: SecretBytes?)
    /// One private key, 32 bytes.
    case privateKey(SecretBytes)

    /// A private key as people paste it: 64 hex digits of either case, with or without `0x` or `0X`, blanks and line ends
    /// around them passed over, as eth-account and cast take it too.
    ///
    /// - Throws: ``WalletError/privateKey(reason:)`` for anything else, zero and values from n on included.
    public init(privateKeyHex text: SecretBytes) throws(WalletError) {
        let key = try unsafe text.withUnsafeBytes { pasted throws(WalletError) in
            let text = unsafe Self.withoutBlanksAround(pasted)
            let hasPrefix = unsafe text.count > 1 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
            let start = hasPrefix ? 2 : 0
            guard text.count - start == 64 else {
                throw .privateKey(reason: "it has \(text.count - start) characters, not 64 hex digits")
            }
            return try unsafe SecretBytes(count: 32) { key throws(WalletError) in
                for i in 0..<64 {
                    guard let digit = unsafe Self.hexDigit(text[start + i]) else {
                        throw .privateKey(reason: "character \(i + 1) is not a hex digit")
                    }
                    unsafe key[i / 2] |= i.isMultiple(of: 2) ? digit << 4 : digit
                }
            }
        }
        _ = try PrivateKey(key)
        self = .privateKey(key)
    }

    private static func withoutBlanksAround(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = unsafe text.firstIndex(where: { !isBlank($0) }),
            let last = unsafe text.lastIndex(where: { !isBlank($0) })
        else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeRawBufferPointer(rebasing: text[first...last])
    }

    private static func hexDigit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - 55
        default: nil
        }
    }

    /// Which of the two.
    public var kind: WalletKind {
        switch self {
        case .mnemonic: .mnemonic
        case .privateKey: .privateKey
        }
    }
}

/// What stands in a wallet file.
public enum WalletKind: String, Sendable, Hashable {
    /// A mnemonic, from which any number of accounts come.
    case mnemonic
    /// One private key in Web3 Secret Storage.
    case privateKey = "private-key"
}

/// A wallet whose secrets are in memory. They are wiped when the last reference to it and to its accounts goes.
public final class UnlockedWallet: Sendable {
    private enum Root: Sendable {
        case master(ExtendedPrivateKey)
        case key(SecretBytes)
    }

    /// Mnemonic or private key.
    public let kind: WalletKind
    private let root: Root

    /// A wallet from its secret, as when it was just made or imported.
    public init(_ secret: WalletSecret) throws(WalletError) {
        kind = secret.kind
        switch secret {
        case .mnemonic(let mnemonic, let passphrase):
            root = .master(try ExtendedPrivateKey(seed: mnemonic.seed(passphrase: passphrase)))
        case .privateKey(let key):
            _ = try PrivateKey(key)
            root = .key(key)
        }
    }

    /// The account at a path; `m/44'/60'/0'/0/0` when none is given.
    ///
    /// - Throws: ``WalletError/noDerivation`` when the wallet holds a private key and the path is another than the
    ///   default, since all accounts would silently be the same.
    public func account(path: DerivationPath = .ethereumDefault) throws(WalletError) -> Account {
        switch root {
        case .master(let master):
            return try Account(key: master.privateKey(at: path))
        case .key(let key):
            guard path == .ethereumDefault else { throw .noDerivation }
            return try Account(key: PrivateKey(key))
        }
    }

    /// The key of the audit log's authentication codes, derived from the wallet's secret with HKDF's expansion step under
    /// a label of its own. The same wallet always gives the same key, and nothing about the wallet follows from it.
    public func auditKey() -> SecretBytes {
        let label = Array("orakeyd audit log, version 1".utf8)
        return switch root {
        case .master(let master): HMACSHA256.derivedKey(label, from: master.serialized())
        case .key(let key): HMACSHA256.derivedKey(label, from: key)
        }
    }
}

extension UnlockedWallet: CustomStringConvertible, CustomReflectable {
    /// The kind, nothing else.
    public var description: String { "unlocked wallet (\(kind.rawValue))" }
    /// A mirror with the kind only.
    public var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}
