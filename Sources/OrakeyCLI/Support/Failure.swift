import EthereumABI
import EthereumCore
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyConfig
import OrakeyKey
import OrakeyStore
import StrictJSON

/// How a command ends when it does not succeed: an exit code, and one line that says what happened and what to do.
struct Failure: Error {
    let code: Int32
    /// nil when everything has been said already.
    let message: String?

    init(_ status: ExitStatus, _ message: String?) {
        code = status.rawValue
        self.message = message
    }

    init(code: Int32, _ message: String?) {
        self.code = code
        self.message = message
    }

    /// A negative answer that has been printed.
    static let negative = Failure(.negative, nil)

    /// What an error of the modules underneath means to the caller of a command.
    init(_ error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as any HasExitStatus:
            // One line, whatever an endpoint sent; a configuration's problems have a line each.
            let what =
                error is ConfigurationError ? "\(error)" : "\(error)".split(separator: "\n").joined(separator: " ")
            self.init(error.exitStatus, error.advice.map { "\(what); \($0)" } ?? what)
        default: self.init(.software, "\(error)")
        }
    }
}

/// An error of a module underneath whose description says what happened.
protocol HasExitStatus: Error {
    var exitStatus: ExitStatus { get }
    /// What to do, where the description does not say it.
    var advice: String? { get }
}

extension HasExitStatus {
    var advice: String? { nil }
}

extension ClientError: HasExitStatus {}

extension ConfigurationError: HasExitStatus {
    var exitStatus: ExitStatus { .configuration }
}

extension APIKeyError: HasExitStatus {
    var exitStatus: ExitStatus { .negative }
}

extension StoreError: HasExitStatus {
    var exitStatus: ExitStatus {
        switch self {
        case .unreadable: .noInput
        case .unusable: .inputOutput
        case .newerSchema, .otherSchema, .foreignFile, .corrupt, .badRow, .otherDeployment: .badData
        }
    }
}

extension JSONError: HasExitStatus {
    var exitStatus: ExitStatus { .badData }
}

extension ABIError: HasExitStatus {
    var exitStatus: ExitStatus { .badData }
}

extension HexError: HasExitStatus {
    var exitStatus: ExitStatus { .badData }
}

extension TransactionError: HasExitStatus {
    var exitStatus: ExitStatus { .badData }
}

extension WalletError: HasExitStatus {
    var exitStatus: ExitStatus {
        switch self {
        case .wrongPassphrase, .tooOpen, .cancelled, .noTerminal: .notPermitted
        case .unreadable(_, let errno): errno == EACCES || errno == EPERM ? .notPermitted : .noInput
        case .unwritable(_, let errno): errno == EACCES || errno == EPERM ? .notPermitted : .cannotCreate
        case .alreadyExists: .cannotCreate
        case .verificationFailed: .inputOutput
        case .outOfMemory: .temporary
        case .noDerivation: .configuration
        case .malformed, .unsupported, .addressMismatch, .inputTooLong, .mnemonic, .mnemonicPassphrase, .privateKey,
            .path,
            .seedLength, .extendedKey, .noKeyAtIndex, .hardenedFromPublic, .tooDeep:
            .badData
        case .signingFailed: .software
        }
    }
}
