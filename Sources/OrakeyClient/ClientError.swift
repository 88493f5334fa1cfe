internal import Glibc
public import OrakeyAPI
internal import UnixHTTP

/// Why a call of the daemon failed: what happened and what to do, without secrets.
public struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Kind: Sendable, Equatable {
        /// Nothing listens on the socket; the call had no effect.
        case unreachable
        /// The socket's mode or folder keeps this user out; the call had no effect.
        case notPermitted
        /// The connection broke or the time was up after the request was sent: it may have taken effect. A repeat with
        /// the same Idempotency-Key is safe.
        case noAnswer
        /// The daemon answered with an error.
        case refused(status: Int, ErrorBody)
        /// The answer is not what the daemon of this version sends.
        case unintelligible
        /// The request cannot be put on the wire.
        case invalidRequest
    }

    /// What went wrong.
    public let kind: Kind
    /// What happened, in one line.
    public let message: String
    /// What to do about it.
    public let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    init(status: Int, _ body: ErrorBody) {
        self.init(.refused(status: status, body), body.message, hint: body.hint)
    }

    init(_ error: UnixHTTPError, path: String) {
        switch error.code {
        case .notReachable(let code): self.init(path: path, errno: code)
        case .invalidRequest: self.init(.invalidRequest, error.reason)
        case .timedOut: self.init(.noAnswer, "orakeyd does not answer in time on \(path)", hint: "try again")
        case .closed, .inputOutput:
            self.init(.noAnswer, "\(path): \(error.reason)", hint: "is orakeyd stopping? try again")
        case .malformedResponse, .tooLarge:
            self.init(.unintelligible, "\(path): \(error.reason)", hint: "is it orakeyd that listens there?")
        }
    }

    private init(path: String, errno code: Int32) {
        switch code {
        case EACCES, EPERM:
            self.init(
                .notPermitted, "no permission to use \(path)",
                hint: "the control socket is for root and the service's own user, the agent socket for consumers")
        case ENOENT:
            self.init(.unreachable, "orakeyd is not running: there is no \(path)", hint: Self.startHint)
        case ECONNREFUSED:
            self.init(.unreachable, "orakeyd is not running: nothing listens on \(path)", hint: Self.startHint)
        default:
            self.init(
                .unreachable, "cannot connect to \(path): \(String(cString: strerror(code)))", hint: Self.startHint)
        }
    }

    private static let startHint = "start it, or name its socket with ORAKEY_AGENT_SOCK and ORAKEY_CONTROL_SOCK"

    /// The code of the daemon's refusal, if it was one that this version knows.
    public var code: ErrorCode? {
        if case .refused(_, let body) = kind { body.code } else { nil }
    }

    /// The exit code a command ends with.
    public var exitStatus: ExitStatus {
        switch kind {
        case .unreachable: .unavailable
        case .notPermitted: .notPermitted
        case .noAnswer: .unavailable
        case .refused(let status, let body):
            // A code that this version does not know still has a status to go by.
            if body.code == nil, status == 503 || status == 423 || status == 429 {
                .temporary
            } else {
                ExitStatus(body.code)
            }
        case .unintelligible: .software
        case .invalidRequest: .usage
        }
    }

    /// One line: what happened, and what to do.
    public var description: String {
        guard let hint, !hint.isEmpty else { return message }
        return "\(message); \(hint)"
    }
}
