import ArgumentParser
import EthereumCore
import EthereumRPC
import EthereumWallet
import OrakeyClient
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyKey
import StrictJSON

/// `orakey verify`.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether an API key is active on chain, and at which block.",
        discussion: """
            The key comes from standard input or a prompt, and stays here: the owner is recovered locally, and the contract \
            is asked about owner and message only. Exit code 0 when it is active, 1 when it is not or is malformed.
            """)

    @Argument(help: ArgumentHelp("Standard input.", valueName: "-")) var input = "-"
    @OptionGroup var chain: ChainOptions
    @Option(help: ArgumentHelp("How the message was signed; else the configuration's.", valueName: "scheme"))
    var signing: SigningScheme?
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var json: JSONOption

    func validate() throws { try KeyArgument.check(input) }

    func run() async throws {
        let text: SecretBytes
        do { text = try KeyInput.read() } catch let error as APIKeyError {
            if json.isOn { Output.json(.object(InspectedKey(problem: error).json)) }
            throw error
        }
        // What is malformed needs no chain, and the signer depends on what the configuration says about the network.
        let network = try? APIKey(parsing: text).network
        let section =
            chain.rpc.isEmpty
            ? try configuration.loadIfPresent().flatMap { c in network.flatMap { c.network($0) } } : nil
        let key = InspectedKey(text, scheme: signing ?? section?.signing ?? .eip191)
        guard let parsed = key.key, let owner = key.owner else {
            if json.isOn { Output.json(.object(key.json)) }
            throw Failure(.negative, key.problem)
        }
        let target = try await chain.connect(configuration, name: parsed.network)
        let contract = try target.contractDescription()
        let block = try await target.head()
        try await target.requireCode(at: contract.address, block: block)
        let call = CallRequest(
            to: contract.address, data: try contract.encodeStatus(owner: owner, message: parsed.message))
        let isActive = try contract.decodeStatus(try await target.client.send(.call(call, .number(block.number))))
        let isOurs = contract.accepts(parsed.message)
        let active = isActive && isOurs
        if json.isOn {
            var object = key.json
            object["active"] = .bool(active)
            object["block"] = .integer(block.number)
            object["block_hash"] = .string(block.hash.hex)
            object["contract"] = .string(contract.address.checksummed)
            object["chain_id"] = .integer(target.id)
            Output.json(.object(object))
        } else {
            let state = active ? Style.output.green("active") : Style.output.red("not active")
            let note = isOurs ? "" : ", the message is not one of this contract"
            Output.fields(
                key.fields + [
                    ("state", "\(state) at block \(block.number)\(note)"), ("contract", contract.address.checksummed),
                ])
        }
        if !active { throw Failure.negative }
    }
}
