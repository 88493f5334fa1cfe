import ArgumentParser
import EthereumCore
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyCore
import OrakeyHost
import OrakeyKey
import OrakeyStore
import StrictJSON

/// `orakey recover`.
struct Recover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rebuild orakeyd's state from wallet and chain.",
        discussion: """
            For a bare host, or after the loss of the journal: reads every key that the contract holds for the wallet and \
            writes a fresh journal. The keys are the same, byte for byte; none is handed out before "orakey keys adopt". \
            Names of consumers are not on chain and stay lost. orakeyd must not run meanwhile. An existing journal is left \
            alone unless --replace sets it aside, which is the last step: when something fails, nothing has changed.
            """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var wallet: WalletOptions
    @Option(
        help: ArgumentHelp("Where the journal lives; else the configuration's.", valueName: "dir"),
        completion: .directory)
    var stateDir: String?
    @Flag(help: "Set an existing journal aside (journal.sqlite.replaced, -2, ...).")
    var replace = false
    @OptionGroup var json: JSONOption

    func run() async throws {
        let configuration = try self.configuration.load()
        guard let path = HostEnvironment.current.stateDirectory(option: stateDir, configuration: configuration) else {
            throw Failure(.configuration, "\(StateDirectoryError.none)")
        }
        let state = try lock(path)
        guard replace || access(state.journalPath, F_OK) != 0 else {
            throw Failure(.cannotCreate, "\(state.journalPath) exists and was left alone; --replace sets it aside")
        }
        let file = try wallet.path(configuration)
        let unlocked = try Wallets.unlock(file) { try wallet.passphrase.passphrase(of: file) }
        let replacement = JournalReplacement(of: state.journalPath)
        defer { replacement.discard() }
        let journal = try SQLiteJournal(path: replacement.buildPath)
        var results: [JSON] = []
        for section in configuration.networks {
            guard let contract = section.contract else {
                say("\(section.name): no contract is configured; passed over")
                continue
            }
            let account = try unlocked.account(path: wallet.account.chosen ?? section.path)
            var profile = try NetworkProfile(section, contract: contract, limits: configuration.limits)
            profile.owner = account.address
            let client = try Chain.client(section.rpc, id: section.chainID)
            let reader = ChainReader(
                client: client, contract: profile.contract, owner: profile.owner, confirmations: profile.confirmations)
            guard try await reader.hasCode() else {
                throw Failure(
                    .configuration, "there is no contract at \(contract); check networks.\(section.name).contract")
            }
            let summary = try await Recovery(journal: journal, profile: profile, account: account).run(reader)
            say(
                "\(section.name): \(summary.active) active and \(summary.disabled) disabled keys of \(account.address) at block \(summary.block)"
            )
            results.append([
                "network": .string("\(section.name)"), "owner": .string(account.address.checksummed),
                "block": .integer(summary.block), "active": .integer(summary.active),
                "disabled": .integer(summary.disabled),
            ])
        }
        try journal.close()
        if let aside = try replacement.install() { say("the old journal is kept as \(aside)") }
        if json.isOn { Output.json(["networks": .array(results)]) }
        say("start orakeyd, and put keys into circulation with: orakey keys adopt")
    }

    private func lock(_ path: String) throws -> StateDirectory {
        do throws(StateDirectoryError) { return try StateDirectory(path) } catch {
            throw Failure(ExitStatus(rawValue: error.status) ?? .cannotCreate, "\(error)")
        }
    }
}
