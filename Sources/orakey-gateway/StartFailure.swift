import EthereumWallet
import OrakeyConfig
import OrakeyContract
import OrakeyGateway
import OrakeyHost

/// Why the service could not start, as a status of sysexits.h.
enum StartFailure {
    static func status(of error: any Error) -> Int32 {
        switch error {
        case is ConfigurationError, is ContractError: 78
        case let error as ListenError: error.isNotPermitted ? 77 : 69
        case WalletError.tooOpen: 77
        case WalletError.unreadable: 66
        case let error as StateDirectoryError: error.status
        case GatewayStoreError.unusable, GatewayStoreError.damaged: 74
        case is GatewayStoreError: 65
        default: 70
        }
    }
}
