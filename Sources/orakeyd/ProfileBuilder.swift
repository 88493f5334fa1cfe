import CurlHTTP
import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyConfig
import OrakeyCore
import OrakeyKey

/// From the configuration to what the core works with.
struct ProfileBuilder {
    private(set) var profiles: [NetworkProfile] = []
    private(set) var clients: [NetworkName: RPCClient] = [:]
    /// Networks without a contract.
    private(set) var dormant: [NetworkName] = []

    init(configuration: Configuration) throws {
        let http = try HTTPClient()
        for settings in configuration.networks {
            guard let contract = settings.contract else {
                dormant.append(settings.name)
                continue
            }
            profiles.append(
                NetworkProfile(
                    name: settings.name, chainID: settings.chainID, owner: .zero, path: settings.path,
                    contract: try ContractDescription(settings: settings, address: contract),
                    confirmations: settings.confirmations,
                    fees: FeePolicy(
                        maxFee: UInt256(settings.fees.maxFeePerGas),
                        maxTip: UInt256(settings.fees.maxPriorityFeePerGas),
                        fixedTip: settings.fees.priorityFeePerGas.map { UInt256($0) },
                        bumpPercent: settings.fees.bumpPercent,
                        resubmitAfter: settings.fees.resubmitAfter.components.seconds),
                    poolTarget: settings.pool.target, isSharedWallet: settings.sharedWallet, layout: settings.layout,
                    scheme: settings.signing, pollInterval: settings.pollInterval,
                    maxViewAge: configuration.limits.maximumChainAge?.components.seconds,
                    lowBalance: settings.lowBalance.map { UInt256($0) }))
            var options = RPCOptions()
            options.quorum = settings.quorum
            clients[settings.name] = try RPCClient(
                endpoints: try settings.rpc.map { try RPCEndpoint($0.string) }, chainID: settings.chainID,
                options: options,
                http: http)
        }
    }
}
