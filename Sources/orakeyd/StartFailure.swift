import EthereumWallet
import OrakeyConfig
import OrakeyCore
import OrakeyServer
import OrakeyStore

/// Why the service could not start, as one message and a status of sysexits.h.
struct StartFailure {
    let text: String
    let status: Int32

    init(_ error: any Error) {
        text = "\(error)"
        status =
            switch error {
            case is ConfigurationError: 78
            case let error as SocketError:
                switch error {
                case .live: 69
                case .folder: 77
                case .inTheWay, .failed: 73
                }
            case let error as StateDirectoryError: error.status
            case is WalletError: 65
            case is StoreError: 65
            case let error as AgentError: error.code == .wrongPassphrase ? 77 : 65
            default: 70
            }
    }
}
