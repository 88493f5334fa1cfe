import ArgumentParser
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import StrictJSON

/// `orakey wallet new`.
struct WalletNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a wallet from new random words, and print its address.",
        discussion: """
            The words are the wallet: whoever has them has every key. They are shown once, on the terminal; elsewhere \
            only with --show-mnemonic, on standard output before the address.
            """)

    @Option(
        name: .customLong("wallet"), help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var file: String?
    @Option(help: "How many words: 12, 15, 18, 21 or 24.") var words = 12
    @Option(
        name: .customLong("mnemonic-passphrase-fd"),
        help: ArgumentHelp(
            "Read an additional passphrase of the words (BIP-39) from a descriptor.", valueName: "number"))
    var mnemonicPassphrase: Int32?
    @Flag(
        name: .customLong("show-mnemonic"), help: "Print the words on standard output also where that is no terminal.")
    var showMnemonic = false
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard Mnemonic.wordCounts.contains(words) else { throw ValidationError("--words is 12, 15, 18, 21 or 24") }
        if json.isOn, showMnemonic {
            throw ValidationError("--json never holds the words; leave it out, or --show-mnemonic")
        }
    }

    func run() throws {
        let path = try newWalletPath(file, configuration)
        try Wallets.checkNew(path)
        let secret = try passphrase.newPassphrase(of: path)
        let mnemonic = try Mnemonic.generate(wordCount: words)
        let additional = try mnemonicPassphrase.map {
            try SecretBytes.read(fileDescriptor: $0, maxCount: Mnemonic.maxInputCount)
        }
        let written = try WrittenWallet(
            .mnemonic(mnemonic, passphrase: additional), path: path, passphrase: secret)
        try NewWords.show(mnemonic, of: path, always: showMnemonic)
        written.print(json)
    }
}

/// The only showing of new words.
enum NewWords {
    static func show(_ mnemonic: Mnemonic, of path: String, always: Bool) throws {
        if always { return try print(secret: mnemonic.phrase) }
        guard isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            return say("the words are kept in \(path) only; orakey wallet export --mnemonic shows them")
        }
        say("write these words down; they are shown once and are the only way back when \(path) is lost:")
        try print(secret: mnemonic.phrase)
    }
}
