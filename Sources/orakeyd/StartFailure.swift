import EthereumWallet
import Glibc
import LocalSockets
import OrakeyConfig
import OrakeyContract
import OrakeyCore
import OrakeyHost
import OrakeyServer
import OrakeyStore

/// Why the service could not start, as one message and a status of sysexits.h.
struct StartFailure {
    let text: String
    let status: Int32

    init(_ error: any Error) {
        let hint = (error as? AgentError)?.hint
        text = "\(error)" + (hint.map { "; \($0)" } ?? "")
        status =
            switch error {
            case is ConfigurationError, is ContractError: 78
            case let error as SocketError:
                switch error {
                case .live: 69
                case .folder: 77
                case .samePath: 78
                case .inTheWay, .failed: 73
                }
            case let error as StateDirectoryError: error.status
            case let error as WalletError: Self.status(error)
            case StoreError.unusable: 74
            case is StoreError: 65
            case let error as AgentError: error.code == .wrongPassphrase ? 77 : 65
            default: 70
            }
    }

    /// As `orakey` ends for the same reason.
    private static func status(_ error: WalletError) -> Int32 {
        switch error {
        case .wrongPassphrase, .tooOpen, .cancelled, .noTerminal: 77
        case .unreadable(_, let errno): errno == EACCES || errno == EPERM ? 77 : 66
        case .outOfMemory: 75
        case .noDerivation: 78
        default: 65
        }
    }
}
