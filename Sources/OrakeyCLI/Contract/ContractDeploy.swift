import ArgumentParser
import EthereumCore
import EthereumWallet
import OrakeyClient
import OrakeyConfig
import StrictJSON

/// `orakey contract deploy`.
struct ContractDeploy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy the reference contract with the wallet's account, and print its address.",
        discussion: """
            The signed transaction is on disk, beside the wallet, before it is sent: after a crash or a timeout the same \
            command goes on with the same transaction, and once the contract is there it says so.
            """)

    @OptionGroup var chain: ChainOptions
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var configuration: ConfigurationOptions
    @Option(help: ArgumentHelp("Blocks to wait for; else the configuration's, else 1.", valueName: "number"))
    var confirmations: UInt64?
    @Option(help: ArgumentHelp("How long to wait for the chain.", valueName: "seconds")) var timeout = 600
    @Flag(help: "Deploy another contract although there is one.") var again = false
    @OptionGroup var json: JSONOption

    func validate() throws {
        if chain.contract != nil {
            throw ValidationError("--contract makes no sense here: the deployment gives the address")
        }
        if confirmations == 0 { throw ValidationError("--confirmations begins with 1, included in a block") }
    }

    func run() async throws {
        let target = try await chain.connect(configuration)
        let file = try wallet.path(target.configuration ?? configuration.loadIfPresent())
        var journal = try DeploymentJournal(wallet: file)
        let account = try wallet.unlockAccount(target.configuration, network: target.section, file: file)
        let deployer = Deployer(
            chain: target, account: account,
            confirmations: confirmations.map { .depth($0) } ?? target.section?.confirmations ?? .depth(1),
            timeout: timeout)
        let deployment = try await deployer.deploy(&journal, again: again)
        if json.isOn {
            Output.json([
                "address": .string(deployment.address.checksummed), "transaction": .string(deployment.hash.hex),
                "block": deployment.block.map { .integer($0) } ?? .null,
                "network": target.name.map { .string("\($0)") } ?? .null, "chain_id": .integer(target.id),
            ])
        } else {
            Output.line(deployment.address.checksummed)
        }
        if let section = target.section, section.contract == nil, let file = target.configuration?.file {
            say("put contract: \"\(deployment.address)\" under networks.\(section.name) in \(file)")
        }
    }
}
