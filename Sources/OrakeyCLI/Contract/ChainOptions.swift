import ArgumentParser
import EthereumCore
import EthereumRPC
import OrakeyClient
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyKey

/// Which chain: a network of the configuration, or endpoints given by hand.
struct ChainOptions: ParsableArguments {
    @Option(help: "The network of the configuration; with --rpc a name for the chain.", transform: NetworkName.argument)
    var network: NetworkName?
    @Option(help: ArgumentHelp("JSON-RPC endpoint in place of the configuration's; may be repeated.", valueName: "url"))
    var rpc: [String] = []
    @Option(name: .customLong("chain-id"), help: ArgumentHelp("The chain that --rpc must be.", valueName: "number"))
    var chainID: UInt64?
    @Option(
        help: ArgumentHelp("The contract in place of the configuration's.", valueName: "0x.."),
        transform: Address.argument)
    var contract: Address?

    func validate() throws {
        if chainID != nil, rpc.isEmpty { throw ValidationError("--chain-id goes with --rpc") }
        _ = try EndpointURL.options(rpc)
    }

    /// The chain that the options and the configuration describe, asked for its id.
    ///
    /// - Parameter name: The network a key names, where no option does.
    func connect(_ configuration: ConfigurationOptions, name: NetworkName? = nil) async throws -> Chain {
        guard rpc.isEmpty else {
            let endpoints = try EndpointURL.options(rpc)
            var id = chainID ?? 0
            if chainID == nil { id = try await Chain.identify(endpoints) }
            return Chain(name: network ?? name, id: id, client: try Chain.client(endpoints, id: id), contract: contract)
        }
        let configuration = try configuration.load()
        guard let section = try Networks.choose(network ?? name, in: configuration) else {
            throw Failure(.configuration, "no network is configured in \(configuration.file)")
        }
        return Chain(
            name: section.name, id: section.chainID, client: try Chain.client(section.rpc, id: section.chainID),
            contract: contract ?? section.contract, configuration: configuration, section: section)
    }
}

/// A chain that can be asked, and what the configuration says about it.
struct Chain {
    var name: NetworkName?
    var id: UInt64
    var client: RPCClient
    var contract: Address?
    var configuration: Configuration?
    var section: NetworkSection?
    /// Endpoints that no configuration holds yet.
    var endpoints: [EndpointURL] = []

    /// The head block.
    func head() async throws -> Block {
        guard let block = try await client.send(.block(.latest)) else {
            throw Failure(.temporary, "the endpoint of chain \(id) has no head block; try another one")
        }
        return block
    }

    /// How to speak to the contract: the reference contract, or the one that the configuration describes.
    func contractDescription() throws -> ContractDescription {
        guard let contract else {
            throw Failure(
                .configuration, "no contract is configured\(name.map { " for \($0)" } ?? ""); name one with --contract")
        }
        if let section { return try ContractDescription(settings: section, address: contract) }
        return try ContractDescription.reference(at: contract, chainID: id)
    }

    func requireCode(at address: Address, block: Block) async throws {
        guard try await client.send(.code(address, .number(block.number))).isEmpty else { return }
        throw Failure(
            .configuration,
            "there is no contract at \(address) on chain \(id); check the address, or deploy one: orakey contract deploy"
        )
    }

    /// The chain that all these endpoints serve, each asked by itself.
    static func identify(_ rpc: [EndpointURL], expected: UInt64? = nil) async throws -> UInt64 {
        var known = expected
        for endpoint in rpc {
            let id = try await identify(endpoint)
            if let known, id != known {
                throw RPCError(.wrongChain(expected: known, found: id), endpoint: "\(endpoint)")
            }
            known = id
        }
        guard let known else { throw Failure(.configuration, "no endpoint is configured") }
        return known
    }

    /// No chain has the id 0, so that the client's own check says which one it found.
    private static func identify(_ endpoint: EndpointURL) async throws -> UInt64 {
        do throws(RPCError) {
            return try await client([endpoint], id: 0, attempts: 2).send(.chainID)
        } catch {
            guard case .wrongChain(_, let found) = error.kind else { throw error }
            return found
        }
    }

    /// A client of these endpoints.
    static func client(
        _ rpc: [EndpointURL], id: UInt64, attempts: Int = 3
    ) throws(RPCError) -> RPCClient {
        var endpoints: [RPCEndpoint] = []
        for address in rpc { endpoints.append(try RPCEndpoint(address.string)) }
        // Somebody is waiting: an endpoint that lets one attempt run out gets no second one.
        var options = RPCOptions()
        options.deadline = .seconds(15)
        options.maxAttempts = attempts
        return try RPCClient(endpoints: endpoints, chainID: id, options: options)
    }
}
