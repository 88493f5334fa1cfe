public import EthereumWallet

/// `wallet:`, the encrypted wallet file.
public struct WalletSection: Equatable, Sendable {
    /// The absolute path of the wallet file: a Web3 Secret Storage file or an encrypted mnemonic.
    public var keystore: String
    /// The derivation path of the owner (BIP-32) for networks that do not name their own, or `nil` for the default
    /// `m/44'/60'/0'/0/0`.
    public var path: DerivationPath?

    /// Settings of a wallet.
    public init(keystore: String, path: DerivationPath? = nil) {
        self.keystore = keystore
        self.path = path
    }
}
