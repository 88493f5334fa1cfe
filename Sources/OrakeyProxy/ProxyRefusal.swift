import CurlHTTP
public import HTTPRelay
import StrictJSON

/// What the proxy itself says no with, in the form that OpenAI's clients understand.
public struct ProxyRefusal: Error, Sendable, Equatable {
    /// The HTTP status.
    public let status: Int
    /// For programs.
    public let code: String
    /// For people. Holds neither a key nor anything of a body.
    public let message: String
    /// Whole seconds to wait.
    public var retryAfter: Int?
    /// Whether trying again can help, and does nothing twice.
    public var mayRetry = false

    public init(_ status: Int, _ code: String, _ message: String, retryAfter: Int? = nil, mayRetry: Bool = false) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.mayRetry = mayRetry
    }

    /// `{"error":{"message","type","code"}}`
    var json: JSON {
        ["error": ["message": .string(message), "type": .string(type), "code": .string(code)]]
    }

    /// OpenAI's name for the kind of error.
    private var type: String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    /// As an answer.
    public var answer: RelayAnswer {
        var headers = [HTTPField("Content-Type", "application/json"), HTTPField("Cache-Control", "no-store")]
        if let retryAfter { headers.append(HTTPField("Retry-After", String(retryAfter))) }
        // OpenAI's clients repeat some statuses by themselves; this tells them where that is of no use, or may be paid
        // twice.
        headers.append(HTTPField("X-Should-Retry", mayRetry ? "true" : "false"))
        return RelayAnswer(status: status, headers: headers, body: json.serialize() + [UInt8(ascii: "\n")])
    }

    /// What a stream ends with that can't be brought to its end.
    var event: [UInt8] { Array("data: ".utf8) + json.serialize() + Array("\n\n".utf8) }
}

extension ProxyRefusal {
    init(_ problem: RequestProblem) {
        let code =
            switch problem {
            case .malformed: "bad_request"
            case .headTooLarge: "headers_too_large"
            case .bodyTooLarge: "too_large"
            case .timedOut: "request_timeout"
            case .unknownExpectation: "unknown_expectation"
            case .gone: "client_gone"
            }
        self.init(problem.status, code, "\(problem)")
    }

    /// What takes the place of the rest of a stream.
    init(breakingOff error: HTTPError) { self.init(502, "stream_broken", "the stream broke off: \(error)") }

    /// A failure of the upstream. Only what certainly never reached it may be tried again.
    init(_ error: HTTPError) {
        let mayRetry = !error.mayHaveBeenSent
        switch error.code {
        case .timedOut: self.init(504, "upstream_timeout", "the upstream did not answer: \(error)", mayRetry: mayRetry)
        case .shutDown, .cancelled:
            self.init(503, "shutting_down", "the proxy is ending", mayRetry: mayRetry)
        default: self.init(502, "upstream_failed", "the upstream failed: \(error)", mayRetry: mayRetry)
        }
    }
}
