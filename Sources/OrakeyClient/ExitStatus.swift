public import OrakeyAPI

/// Exit codes of the commands, after sysexits(3).
public enum ExitStatus: Int32, Sendable {
    case success = 0
    /// A negative answer: a key that is not active, a malformed key, nothing found.
    case negative = 1
    case usage = 64
    case badData = 65
    /// A file that was named cannot be read.
    case noInput = 66
    /// The daemon cannot be reached.
    case unavailable = 69
    case software = 70
    case cannotCreate = 73
    case inputOutput = 74
    /// Try later: locked, no key yet, the chain not reachable.
    case temporary = 75
    case notPermitted = 77
    case configuration = 78

    /// What an error code of the daemon means to the caller of a command.
    public init(_ code: ErrorCode?) {
        switch code {
        case .badRequest, .unknownNetwork, .unknownConsumer, .tooLarge, .headersTooLarge: self = .badData
        case .malformedKey, .unknownKey, .unknownIntent, .conflict, .idempotencyConflict: self = .negative
        case .ambiguous: self = .usage
        case .unauthorized, .forbidden, .browserRequest, .wrongPassphrase: self = .notPermitted
        case .noContract: self = .configuration
        case .locked, .rateLimited, .noKey, .chainUnavailable, .chainStale, .insufficientFunds, .shuttingDown,
            .requestTimeout:
            self = .temporary
        case .notFound, .methodNotAllowed, .internalError, nil: self = .software
        }
    }
}
