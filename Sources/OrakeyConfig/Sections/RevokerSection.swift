public import EthereumWallet

/// `revoker:`, a second wallet that may only disable keys. It stays open while the first is locked.
public struct RevokerSection: Equatable, Sendable {
    /// The absolute path of its wallet file.
    public var keystore: String
    /// The derivation path of its account.
    public var path: DerivationPath
    /// The absolute path of a file with its passphrase, or `nil` for systemd's credential `revoker-passphrase`.
    public var passphraseFile: String?

    /// Settings of a revoker.
    public init(keystore: String, path: DerivationPath = .ethereumDefault, passphraseFile: String? = nil) {
        self.keystore = keystore
        self.path = path
        self.passphraseFile = passphraseFile
    }
}
