import CurlHTTP
import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyConfig
import OrakeyCore
import OrakeyKey

/// From the configuration to what the core works with.
struct ProfileBuilder {
    let profiles: [NetworkProfile]
    let clients: [NetworkName: RPCClient]
    /// Networks without a contract.
    let dormant: [NetworkName]

    init(configuration: Configuration) throws {
        (profiles, dormant) = try Self.profiles(of: configuration)
        // One thread of libcurl serves all networks.
        let http = try HTTPClient()
        clients = try Dictionary(
            uniqueKeysWithValues: configuration.networks.filter { $0.contract != nil }.map { settings in
                var options = RPCOptions()
                options.quorum = settings.quorum
                let client = try RPCClient(
                    endpoints: try settings.rpc.map { try RPCEndpoint($0.string) }, chainID: settings.chainID,
                    options: options, http: http)
                return (settings.name, client)
            })
    }

    /// The networks with a contract, and the names of those without.
    static func profiles(of configuration: Configuration) throws -> (profiles: [NetworkProfile], dormant: [NetworkName])
    {
        var profiles: [NetworkProfile] = []
        var dormant: [NetworkName] = []
        for settings in configuration.networks {
            guard let contract = settings.contract else {
                dormant.append(settings.name)
                continue
            }
            profiles.append(try NetworkProfile(settings, contract: contract, limits: configuration.limits))
        }
        return (profiles, dormant)
    }
}
