import ArgumentParser
import EthereumCore
import EthereumWallet
import OrakeyConfig
import OrakeyKey
import StrictJSON

/// `orakey wallet address`.
struct WalletAddress: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "address", abstract: "Print the address of an account of the wallet.",
        discussion: """
            The wallet is opened, so that the address is the one its key really has. Without --path and --account it is \
            the account of --network, else of the configuration's wallet, else m/44'/60'/0'/0/0.
            """)

    @Option(help: "The account of this network of the configuration.", transform: NetworkName.argument) var network:
        NetworkName?
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let configuration =
            wallet.file == nil || network != nil || configuration.file != nil ? try configuration.load() : nil
        let section = try network.flatMap { name in try configuration.map { try Networks.named(name, in: $0) } }
        let account = try wallet.unlockAccount(configuration, network: section)
        guard json.isOn else { return Output.line(account.address.checksummed) }
        let path = try wallet.account.chosen ?? section?.path ?? configuration?.wallet.path ?? .ethereumDefault
        Output.json(["address": .string(account.address.checksummed), "path": .string("\(path)")])
    }
}
