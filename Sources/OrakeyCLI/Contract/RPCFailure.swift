import EthereumRPC
import OrakeyClient
import OrakeyContract
import OrakeyCore

extension RPCError: HasExitStatus {
    var exitStatus: ExitStatus {
        switch kind {
        case .wrongChain, .noEndpoint: .configuration
        case .transport, .timeout, .http, .rateLimited, .invalidAnswer, .noQuorum, .cancelled: .temporary
        case .server(_, _, _, let found):
            switch found {
            case .reverted, .executionFailed: .negative
            case .invalidParams, .invalidRequest, .invalidTransaction: .software
            default: .temporary
            }
        }
    }

    /// What to do about it, after what happened.
    var advice: String? {
        switch kind {
        case .wrongChain: "check chain_id and rpc, or --chain-id and --rpc"
        case .transport, .timeout, .http, .invalidAnswer, .noQuorum: "check the endpoint, or try again later"
        case .rateLimited: "try again later, or use another endpoint"
        case .server(_, _, _, .insufficientFunds): "send the account some ETH and try again"
        case .server, .noEndpoint, .cancelled: nil
        }
    }

    /// Whether the contract itself said no, rather than the endpoint.
    var isAnswerOfContract: Bool { serverClass == .reverted || serverClass == .executionFailed }
}

extension ContractError: HasExitStatus {
    var exitStatus: ExitStatus {
        if case .unsuitable = self { .configuration } else { .badData }
    }
}
