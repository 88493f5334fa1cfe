public import OrakeyAPI

/// Exit codes of the commands, after sysexits(3).
public enum ExitStatus: Int32, Sendable {
    /// Done.
    case success = 0
    /// A negative answer: a key that is not active, a malformed key, nothing found.
    case negative = 1
    /// The command was used wrongly.
    case usage = 64
    /// Input that is not what it should be.
    case badData = 65
    /// A file that was named cannot be read.
    case noInput = 66
    /// The daemon cannot be reached.
    case unavailable = 69
    /// An internal error, here or in the daemon.
    case software = 70
    /// A file cannot be made, or exists already.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// Try later: locked, no key yet, the chain not reachable.
    case temporary = 75
    /// The rights are missing, or the passphrase is wrong.
    case notPermitted = 77
    /// Something has to be changed in the configuration.
    case configuration = 78

    /// What an error code of the daemon means to the caller of a command.
    public init(_ code: ErrorCode?) {
        switch code {
        case .badRequest, .unknownNetwork, .unknownConsumer, .tooLarge, .headersTooLarge: self = .badData
        case .malformedKey, .unknownKey, .unknownIntent, .conflict, .idempotencyConflict: self = .negative
        case .ambiguous: self = .usage
        case .unauthorized, .forbidden, .browserRequest, .wrongPassphrase: self = .notPermitted
        case .noContract, .noProxy: self = .configuration
        case .locked, .rateLimited, .noKey, .chainUnavailable, .chainStale, .insufficientFunds, .shuttingDown,
            .auditUnavailable, .journalUnavailable, .requestTimeout:
            self = .temporary
        case .notFound, .methodNotAllowed, .internalError, nil: self = .software
        }
    }
}
