/// Why a front refuses a request, or gives one up.
public enum RequestProblem: Error, Sendable, Equatable {
    /// Not HTTP/1.1, ambiguous, or with a part that no honest client sends.
    case malformed(String)
    /// The line, or line and headers together, are too large.
    case headTooLarge(limit: Int)
    /// The body is larger than the front takes, in bytes.
    case bodyTooLarge(limit: Int)
    /// The body did not come in time.
    case timedOut
    /// `Expect` asks for something else than 100-continue.
    case unknownExpectation
    /// The client is gone, or the front is ending.
    case gone

    /// The status that fits.
    public var status: Int {
        switch self {
        case .malformed: 400
        case .headTooLarge: 431
        case .bodyTooLarge: 413
        case .timedOut: 408
        case .unknownExpectation: 417
        case .gone: 499
        }
    }
}

extension RequestProblem: CustomStringConvertible {
    /// One line for people; nothing of the request is in it.
    public var description: String {
        switch self {
        case .malformed(let what): what
        case .headTooLarge(let limit): "the request's head is larger than \(limit) bytes"
        case .bodyTooLarge(let limit): "the request's body is larger than \(limit) bytes"
        case .timedOut: "the request's body did not come in time"
        case .unknownExpectation: "the request expects something that is not offered here"
        case .gone: "the client is gone"
        }
    }
}
