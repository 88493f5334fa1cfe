import ArgumentParser
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig

/// `orakey wallet export`.
struct WalletExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the wallet's secret on standard output: words, private key or key file.",
        discussion: "With --keystore-json the private key stays encrypted, under the wallet's own passphrase.")

    @Flag(exclusivity: .exclusive) var form: SecretForm
    @Option(
        name: .customLong("wallet"), help: ArgumentHelp("The wallet file; else the configuration's.", valueName: "file")
    )
    var file: String?
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var configuration: ConfigurationOptions

    func run() throws {
        let path = try file ?? configuration.load().wallet.keystore
        let wallet = try WalletFile.read(path)
        guard form != .keystoreJSON || wallet.kind == .privateKey else {
            throw Failure(.usage, "\(path) holds words; export them with --mnemonic")
        }
        if form == .keystoreJSON { return Output.line(String(decoding: wallet.json.dropLast(), as: UTF8.self)) }
        switch (form, try wallet.decrypt(passphrase: passphrase.passphrase(of: path))) {
        case (.mnemonic, .mnemonic(let mnemonic, let additional)):
            try print(secret: mnemonic.phrase)
            if additional != nil {
                say("the wallet has an additional passphrase (BIP-39) that the words alone do not hold")
            }
        case (.privateKey, .privateKey(let key)):
            try print(secret: Self.digits(of: key))
        case (.mnemonic, _):
            throw Failure(.usage, "\(path) holds a private key; export it with --private-key")
        default:
            throw Failure(.usage, "\(path) holds words, from which every key comes; export them with --mnemonic")
        }
    }

    /// The key as 0x and hex digits, without a String in between.
    private static func digits(of key: SecretBytes) -> SecretBytes {
        SecretBytes(count: 2 + 2 * key.count) { text in
            guard let start = text.baseAddress else { return }
            key.withUnsafeBytes { LowercaseHex.writePrefixed($0, to: start) }
        }
    }
}
