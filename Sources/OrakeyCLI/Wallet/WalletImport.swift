import ArgumentParser
import EthereumCore
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig

/// What a wallet is imported from or exported as.
enum SecretForm: String, EnumerableFlag {
    case mnemonic, privateKey, keystoreJSON

    static func name(for value: SecretForm) -> NameSpecification {
        switch value {
        case .mnemonic: .customLong("mnemonic")
        case .privateKey: .customLong("private-key")
        case .keystoreJSON: .customLong("keystore-json")
        }
    }

    static func help(for value: SecretForm) -> ArgumentHelp? {
        switch value {
        case .mnemonic: "BIP-39 words, separated by blanks."
        case .privateKey: "A private key: 64 hex digits, with or without 0x."
        case .keystoreJSON: "A Web3 Secret Storage file, as geth, clef, cast and eth-account write it."
        }
    }
}

/// `orakey wallet import`.
struct WalletImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a wallet file of words, a private key or another program's key file.",
        discussion: "The secret is read from standard input, or asked for where that is a terminal.")

    @Flag(exclusivity: .exclusive) var form: SecretForm
    @Option(
        name: .customLong("wallet"), help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var file: String?
    @Option(
        name: .customLong("mnemonic-passphrase-fd"),
        help: ArgumentHelp(
            "Read the additional passphrase of the words (BIP-39) from a descriptor.", valueName: "number"))
    var mnemonicPassphrase: Int32?
    @Option(
        name: .customLong("keystore-passphrase-file"),
        help: ArgumentHelp(
            "The passphrase of the imported key file, where it is not the new wallet's.", valueName: "file"),
        completion: .file())
    var keystorePassphrase: String?
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        if mnemonicPassphrase != nil, form != .mnemonic {
            throw ValidationError("--mnemonic-passphrase-fd belongs to --mnemonic")
        }
        if keystorePassphrase != nil, form != .keystoreJSON {
            throw ValidationError("--keystore-passphrase-file belongs to --keystore-json")
        }
    }

    func run() throws {
        let path = try newWalletPath(file, configuration)
        try Wallets.checkNew(path)
        let source = SecretSource(
            form: form, mnemonicPassphrase: mnemonicPassphrase, keystorePassphrase: keystorePassphrase)
        let (secret, new) = try source.read { try passphrase.newPassphrase(of: path) }
        try WrittenWallet(secret, path: path, passphrase: new).print(json)
    }
}

/// Where an imported secret comes from: standard input, or a prompt where that is a terminal.
struct SecretSource {
    let form: SecretForm
    /// Descriptor with the words' additional passphrase.
    var mnemonicPassphrase: Int32?
    /// Private file with the key file's passphrase, where it is not the new one.
    var keystorePassphrase: String?

    /// The secret and the new wallet's passphrase, which is asked for once the secret is known to be one.
    func read(newPassphrase: () throws -> SecretBytes) throws -> (WalletSecret, SecretBytes) {
        switch form {
        case .mnemonic:
            let mnemonic = try Mnemonic(parsing: input("The words: ", limit: Mnemonic.maxInputCount))
            let additional = try mnemonicPassphrase.map {
                try SecretBytes.read(fileDescriptor: $0, maxCount: Mnemonic.maxInputCount)
            }
            return (.mnemonic(mnemonic, passphrase: additional), try newPassphrase())
        case .privateKey:
            let secret = try WalletSecret(privateKeyHex: input("The private key: ", limit: 128))
            return (secret, try newPassphrase())
        case .keystoreJSON:
            guard isatty(STDIN_FILENO) == 0 else {
                throw Failure(.usage, "the key file comes from standard input: --keystore-json < file")
            }
            let text = try SecretBytes.read(fileDescriptor: STDIN_FILENO, maxCount: EncryptedWallet.maxFileCount)
            let wallet = try EncryptedWallet(json: text.withUnsafeBytes { Array($0) })
            let new = try newPassphrase()
            let old = try keystorePassphrase.map {
                try SecretBytes.read(privateFile: $0, maxCount: PassphraseOptions.limit)
            }
            return (try wallet.decrypt(passphrase: old ?? new), new)
        }
    }

    private func input(_ prompt: String, limit: Int) throws -> SecretBytes {
        if isatty(STDIN_FILENO) == 1 { return try .readFromTerminal(prompt: prompt, maxCount: limit) }
        return try .read(fileDescriptor: STDIN_FILENO, maxCount: limit)
    }
}
