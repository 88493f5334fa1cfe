import ArgumentParser
import EthereumCore
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyKey

/// `--config`, for commands that read the daemon's configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration; else $XDG_CONFIG_HOME/orakeyd/orakeyd.yaml where it exists, else /etc/orakeyd/orakeyd.yaml.",
            valueName: "file"), completion: .file())
    var file: String?

    /// The file that would be read.
    var path: String {
        HostEnvironment.current.configurationFile(option: file) { access($0, F_OK) == 0 }
    }

    /// The configuration.
    func load() throws -> Configuration { try Configuration.load(path: path) }

    /// The configuration, or nil when none was named and there is none: for commands that can do without.
    func loadIfPresent() throws -> Configuration? {
        if file == nil, access(path, F_OK) != 0 { return nil }
        return try load()
    }
}

/// `--json`, on every command that prints data.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON.")
    var isOn = false
}

/// For commands that print nothing but JSON: scripts may ask for it everywhere.
struct AlwaysJSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON, as without it.")
    var isOn = false
}

/// Where a passphrase comes from. Never the command line or the environment, where others could read it.
struct PassphraseOptions: ParsableArguments {
    /// Longest passphrase, in bytes, as on the daemon's socket.
    static let limit = 1024

    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp("Read the wallet's passphrase from a file that nobody else can read.", valueName: "file"),
        completion: .file())
    var file: String?

    @Option(
        name: .customLong("passphrase-fd"),
        help: ArgumentHelp("Read the wallet's passphrase from an open file descriptor.", valueName: "number"))
    var descriptor: Int32?

    func validate() throws {
        if file != nil, descriptor != nil {
            throw ValidationError("--passphrase-file and --passphrase-fd exclude each other")
        }
    }

    /// The passphrase from where the options or the service manager put it; nil when a person has to be asked.
    func given() throws -> SecretBytes? {
        if let file { return try .read(privateFile: file, maxCount: Self.limit) }
        if let descriptor { return try .read(fileDescriptor: descriptor, maxCount: Self.limit) }
        if let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }), folder.hasPrefix("/") {
            let credential = "\(folder)/wallet-passphrase"
            let descriptor = open(credential, O_RDONLY | O_CLOEXEC)
            // The service manager guards the folder; an access list of its shows up as group rights of the file.
            if descriptor >= 0 {
                defer { close(descriptor) }
                return try .read(fileDescriptor: descriptor, maxCount: Self.limit)
            }
        }
        return nil
    }

    /// The passphrase of an existing wallet, asked for by the name of its file.
    func passphrase(of wallet: String) throws -> SecretBytes {
        try given() ?? .readFromTerminal(prompt: "Passphrase of \(wallet): ", maxCount: Self.limit)
    }

    /// The passphrase of a wallet that is about to be written: asked for twice.
    func newPassphrase(of wallet: String) throws -> SecretBytes {
        if let given = try given() { return try Self.checkNew(given, for: wallet) }
        return try Self.askTwice(for: wallet)
    }

    /// Refuses no passphrase at all.
    static func checkNew(_ passphrase: SecretBytes, for wallet: String) throws -> SecretBytes {
        guard !passphrase.isEmpty else { throw Failure(.badData, "the passphrase for \(wallet) is empty; choose one") }
        return passphrase
    }

    /// Asks a person.
    static func askTwice(for wallet: String) throws -> SecretBytes {
        let first = try SecretBytes.readFromTerminal(prompt: "New passphrase of \(wallet): ", maxCount: Self.limit)
        guard !first.isEmpty else { throw Failure(.badData, "an empty passphrase protects nothing; choose another") }
        let second = try SecretBytes.readFromTerminal(prompt: "The same passphrase again: ", maxCount: Self.limit)
        guard first == second else {
            throw Failure(.badData, "the two passphrases differ; nothing was written, try again")
        }
        return first
    }
}

/// Which account of a wallet.
struct AccountOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("BIP-32 path of the account (default: m/44'/60'/0'/0/0).", valueName: "m/..."),
        transform: DerivationPath.argument)
    var path: DerivationPath?

    @Option(help: ArgumentHelp("Short for --path m/44'/60'/0'/0/N.", valueName: "n"))
    var account: UInt32?

    func validate() throws {
        if path != nil, account != nil { throw ValidationError("--path and --account exclude each other") }
        if let account, account >= 0x8000_0000 { throw ValidationError("--account is a number below 2147483648") }
    }

    /// The path that was asked for, if one was.
    var chosen: DerivationPath? {
        get throws { try path ?? account.map { try .ethereum(account: $0) } }
    }
}

/// A wallet file, the secret that opens it, and the account in it.
struct WalletOptions: ParsableArguments {
    @Option(
        name: .customLong("wallet"),
        help: ArgumentHelp("The wallet file; else the one of the configuration.", valueName: "file"),
        completion: .file())
    var file: String?

    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var account: AccountOptions

    /// The wallet file: the option, else the configuration's.
    func path(_ configuration: Configuration?) throws -> String {
        if let file { return file }
        guard let configuration else {
            throw Failure(.configuration, "no wallet is known; name one with --wallet, or run orakey init")
        }
        return configuration.wallet.keystore
    }

    /// Opens the wallet and takes the account: the options, else the network's, else the wallet's, else the default.
    func unlockAccount(_ configuration: Configuration?, network: NetworkSection?, file: String? = nil) throws -> Account
    {
        let file = try file ?? path(configuration)
        let path = try account.chosen ?? network?.path ?? configuration?.wallet.path ?? .ethereumDefault
        return try Wallets.unlock(file) { try passphrase.passphrase(of: file) }.account(path: path)
    }
}
