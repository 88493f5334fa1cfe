import ArgumentParser
import EthereumCore
import EthereumRPC
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyKey
import StrictJSON

/// `orakey init`.
struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set up orakeyd: wallet, configuration, contract, checks.",
        discussion: """
            Asks on the terminal for what the options leave open. Safe to repeat: what exists is checked and kept, what is \
            missing is made. With --mnemonic, --private-key or --keystore-json the wallet is imported from standard input.
            """)

    @Flag(help: "Set up a daemon of your own (default, except for root).") var user = false
    @Flag(help: "Set up the daemon of the host, in /etc/orakeyd.") var system = false
    @OptionGroup var configuration: ConfigurationOptions
    @Option(
        name: .customLong("wallet"),
        help: ArgumentHelp("The wallet file (default: wallet.json beside the configuration).", valueName: "file"),
        completion: .file())
    var wallet: String?
    @Option(help: "How many words a new wallet gets: 12, 15, 18, 21 or 24.") var words = 12
    @Flag(exclusivity: .exclusive) var form: SecretForm?
    @OptionGroup var passphrase: PassphraseOptions
    @Option(help: "The network's name, which begins its keys.", transform: NetworkName.argument) var network:
        NetworkName?
    @Option(help: ArgumentHelp("JSON-RPC endpoint; may be repeated.", valueName: "url")) var rpc: [String] = []
    @Option(
        name: .customLong("chain-id"),
        help: ArgumentHelp("The chain id that the endpoints must have.", valueName: "number"))
    var chainID: UInt64?
    @Option(
        help: ArgumentHelp("A contract that is deployed already.", valueName: "0x.."), transform: Address.argument)
    var contract: Address?
    @Flag(help: "Deploy the reference contract where none is configured.") var deploy = false
    @Option(help: ArgumentHelp("Blocks after which a transaction counts.", valueName: "number")) var confirmations:
        UInt64?
    @OptionGroup var json: JSONOption

    func validate() throws {
        if user, system { throw ValidationError("--user and --system exclude each other") }
        if configuration.file != nil, user || system { throw ValidationError("--config says where already") }
        _ = try EndpointURL.options(rpc)
        if contract != nil, deploy { throw ValidationError("--contract and --deploy exclude each other") }
        guard Mnemonic.wordCounts.contains(words) else { throw ValidationError("--words is 12, 15, 18, 21 or 24") }
        if let confirmations, !(1...100_000).contains(confirmations) {
            throw ValidationError("--confirmations is a number from 1 to 100000")
        }
    }

    func run() async throws {
        let file = try Folders.absolute(place())
        let questions = Questions()
        let known = access(file, F_OK) == 0 ? try Configuration.load(path: file) : nil
        if let known { say("ok: \(known.file) is a valid configuration") }
        var target = try await chain(known, questions)
        let path = Folders.absolute(
            known?.wallet.keystore ?? wallet ?? "\(AtomicFile.folder(of: file))/wallet.json")
        if let known, let wallet, Folders.absolute(wallet) != known.wallet.keystore {
            throw Failure(.configuration, "\(known.file) names another wallet: \(known.wallet.keystore)")
        }
        let owner = try setUpWallet(path, derivation: target.section?.path ?? known?.wallet.path ?? .ethereumDefault)
        if known == nil { try write(file, target, wallet: path) }
        if target.contract == nil { target.contract = try await deployContract(target, owner, path, questions) }
        if let contract = target.contract { try record(contract, of: target, in: file) }
        if file == HostEnvironment.systemConfigurationFile, geteuid() == 0 {
            guard let service = ServiceUser() else {
                say(
                    "open: there is no user \(ServiceUser.name) yet; make it and run this again: systemd-sysusers, or useradd --system orakeyd"
                )
                return
            }
            try service.giveAccess(configuration: file, wallet: path)
        }
        try await SetupChecks(chain: target, owner: owner.address, file: file, wallet: path).report(json)
    }

    /// The configuration's path.
    private func place() throws -> String {
        if let file = configuration.file { return file }
        if system || (geteuid() == 0 && !user) { return HostEnvironment.systemConfigurationFile }
        guard let file = HostEnvironment.current.userConfigurationFile else {
            throw Failure(.configuration, "neither HOME nor XDG_CONFIG_HOME is set; name a file with --config")
        }
        return file
    }

    /// The network: of the configuration, or from options and answers, with endpoints that really are that chain.
    private func chain(_ known: Configuration?, _ questions: Questions) async throws -> Chain {
        let rpc = try EndpointURL.options(rpc)
        if let known {
            guard let section = try Networks.choose(network, in: known) else {
                throw Failure(.configuration, "\(known.file) has no network")
            }
            try refuse(chainID != nil && chainID != section.chainID, "chain_id", section, known)
            try refuse(!rpc.isEmpty && rpc != section.rpc, "rpc", section, known)
            try refuse(
                contract != nil && section.contract != nil && contract != section.contract, "contract", section, known)
            return Chain(
                name: section.name, id: section.chainID, client: try Chain.client(section.rpc, id: section.chainID),
                contract: section.contract, configuration: known, section: section)
        }
        let name =
            try network ?? questions.ask("Network", option: "--network", fallback: "BASE") { try NetworkName($0) }
        let endpoints =
            try rpc.isEmpty
            ? [questions.ask("JSON-RPC endpoint of \(name)", option: "--rpc") { try EndpointURL($0) }] : rpc
        let id = try await Chain.identify(endpoints, expected: chainID)
        say("ok: \(endpoints.map(\.description).joined(separator: ", ")) is chain \(id)")
        return Chain(
            name: name, id: id, client: try Chain.client(endpoints, id: id), contract: contract, endpoints: endpoints)
    }

    private func refuse(_ differs: Bool, _ key: String, _ section: NetworkSection, _ known: Configuration) throws {
        guard differs else { return }
        throw Failure(
            .configuration,
            "\(known.file) has another \(key) for \(section.name); edit the file or leave the option out")
    }

    /// Opens the wallet, or makes it, and returns the account that will own the keys.
    private func setUpWallet(_ path: String, derivation: DerivationPath) throws -> Account {
        let unlocked: UnlockedWallet
        if access(path, F_OK) == 0 {
            unlocked = try Wallets.unlock(path) { try passphrase.passphrase(of: path) }
            say("ok: \(path) opens")
        } else {
            _ = try Folders.make(of: path)
            unlocked = try UnlockedWallet(makeWallet(path))
            say("made: \(path); keep a copy of it and its passphrase in a safe place")
        }
        return try unlocked.account(path: derivation)
    }

    private func makeWallet(_ path: String) throws -> WalletSecret {
        if let form {
            let (secret, new) = try SecretSource(form: form).read { try passphrase.newPassphrase(of: path) }
            try WalletFile.write(secret, to: path, passphrase: new)
            return secret
        }
        let new = try passphrase.newPassphrase(of: path)
        let mnemonic = try Mnemonic.generate(wordCount: words)
        let secret = WalletSecret.mnemonic(mnemonic, passphrase: nil)
        try WalletFile.write(secret, to: path, passphrase: new)
        if !json.isOn { try NewWords.show(mnemonic, of: path, always: false) }
        return secret
    }

    private func write(_ file: String, _ target: Chain, wallet path: String) throws {
        guard let name = target.name else { return }
        let folder = try Folders.make(of: file)
        let relative = AtomicFile.folder(of: path) == folder ? String(path.dropFirst(folder.count + 1)) : path
        let text = ConfigurationText.render(
            wallet: relative,
            network: .init(
                name: name, chainID: target.id, rpc: target.endpoints, contract: target.contract,
                confirmations: confirmations))
        // What orakeyd would refuse is not written.
        _ = try Configuration.parse(text, file: file)
        try AtomicFile.write(text, to: file, replacing: false)
        say("made: \(file)")
    }

    /// Deploys the reference contract if that is wanted; nil leaves the network without one for now.
    private func deployContract(
        _ target: Chain, _ owner: Account, _ wallet: String, _ questions: Questions
    ) async throws -> Address? {
        if let contract { return contract }
        if !deploy {
            guard questions.isInteractive,
                try questions.confirm("Deploy the key contract now", option: "--deploy", fallback: true)
            else { return nil }
        }
        var journal = try DeploymentJournal(wallet: wallet)
        let deployer = Deployer(
            chain: target, account: owner, confirmations: target.section?.confirmations ?? .depth(confirmations ?? 1),
            timeout: 600)
        let deployment = try await deployer.deploy(&journal, again: false)
        say("ok: the contract is \(deployment.address), transaction \(deployment.hash)")
        return deployment.address
    }

    /// Puts the contract into the configuration, unless it is there.
    private func record(_ contract: Address, of target: Chain, in file: String) throws {
        guard let name = target.name, try Configuration.load(path: file).network(name)?.contract == nil else { return }
        let line = "contract: \"\(contract)\""
        guard let bytes = try AtomicFile.read(file), let text = String(validating: bytes, as: UTF8.self),
            let new = ConfigurationText.adding(contract: contract, to: name, in: text),
            (try? Configuration.parse(new, file: file))?.network(name)?.contract == contract
        else {
            throw Failure(
                .configuration, "put \(line) under networks.\(name) in \(file) by hand; its layout is not the usual one"
            )
        }
        try AtomicFile.write(new, to: file, replacing: true)
        say("made: \(line) in \(file)")
    }
}
