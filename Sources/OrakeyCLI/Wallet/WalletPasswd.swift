import ArgumentParser
import EthereumWallet
import OrakeyConfig

/// `orakey wallet passwd`.
struct WalletPasswd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Change the passphrase of a wallet file.",
        discussion: """
            The old file stays until the new one has been proved to open. Copies keep the old passphrase. Another program's \
            key file keeps what that program wrote beside the key, and gets the usual strength where it had less.
            """)

    @Option(
        name: .customLong("wallet"), help: ArgumentHelp("The wallet file; else the configuration's.", valueName: "file")
    )
    var file: String?
    @Option(
        name: .customLong("new-passphrase-file"),
        help: ArgumentHelp("Read the new passphrase from a file that nobody else can read.", valueName: "file"),
        completion: .file())
    var newFile: String?
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var configuration: ConfigurationOptions

    func run() throws {
        let path = try file ?? configuration.load().wallet.keystore
        let wallet = try WalletFile.read(path)
        do throws(WalletError) { try wallet.checkReencryption() } catch { throw error.naming(path) }
        let secret = try wallet.decrypt(passphrase: passphrase.passphrase(of: path))
        try WalletFile.rewrite(wallet, of: secret, at: path, passphrase: newPassphrase(of: path))
        say("\(path) has a new passphrase; unlock orakeyd with it from now on")
    }

    /// From its own option or a person only: what the service manager hands out is the old one.
    private func newPassphrase(of wallet: String) throws -> SecretBytes {
        guard let newFile else { return try PassphraseOptions.askTwice(for: wallet) }
        return try PassphraseOptions.checkNew(
            .read(privateFile: newFile, maxCount: PassphraseOptions.limit), for: wallet)
    }
}
