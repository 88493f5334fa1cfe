public import StrictJSON

/// The error codes of both sockets, with the HTTP status each is sent with.
public enum ErrorCode: String, Sendable, CaseIterable {
    /// The request is not HTTP or JSON as documented: unknown field, wrong type, value out of range.
    case badRequest = "bad_request"
    /// The `key` of a revocation is not a well-formed API key.
    case malformedKey = "malformed_key"
    /// No such path.
    case notFound = "not_found"
    case unknownKey = "unknown_key"
    case unknownNetwork = "unknown_network"
    case unknownConsumer = "unknown_consumer"
    case unknownIntent = "unknown_intent"
    case methodNotAllowed = "method_not_allowed"
    /// The token of a request is missing or not valid.
    case unauthorized
    /// Policy, or the rights of the socket, forbid it.
    case forbidden
    /// Origin, Referer or a foreign Host: the request comes from a web page.
    case browserRequest = "browser_request"
    case wrongPassphrase = "wrong_passphrase"
    /// Several keys match; `network` or `consumer` must narrow the request.
    case ambiguous
    /// The state forbids it: already revoked, no contract configured, an intent that can no longer be cancelled.
    case conflict
    /// The same Idempotency-Key was used with another request.
    case idempotencyConflict = "idempotency_conflict"
    case noContract = "no_contract"
    /// What was asked for is the proxy's, and none is configured.
    case noProxy = "no_proxy"
    case requestTimeout = "request_timeout"
    case tooLarge = "too_large"
    case locked
    case rateLimited = "rate_limited"
    case headersTooLarge = "headers_too_large"
    case internalError = "internal"
    /// The consumer has no key yet.
    case noKey = "no_key"
    /// No endpoint of the network answers.
    case chainUnavailable = "chain_unavailable"
    /// The view of the chain is older than the configuration allows.
    case chainStale = "chain_stale"
    /// The wallet cannot pay for the transaction.
    case insufficientFunds = "insufficient_funds"
    case shuttingDown = "shutting_down"
    /// The audit can't be written, and no key is handed out without it.
    case auditUnavailable = "audit_unavailable"
    /// The journal can't be written or read, and nothing is done that it does not hold.
    case journalUnavailable = "journal_unavailable"

    /// The HTTP status the code is sent with.
    public var status: Int {
        switch self {
        case .badRequest, .malformedKey: 400
        case .unauthorized: 401
        case .forbidden, .browserRequest, .wrongPassphrase: 403
        case .notFound, .noProxy, .unknownKey, .unknownNetwork, .unknownConsumer, .unknownIntent: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .ambiguous, .conflict, .idempotencyConflict, .noContract: 409
        case .tooLarge: 413
        case .locked: 423
        case .rateLimited: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .noKey, .chainUnavailable, .chainStale, .insufficientFunds, .shuttingDown, .auditUnavailable,
            .journalUnavailable:
            503
        }
    }
}

/// `{"error":{"code","message","hint"}}`, the body of every answer that is not a success.
public struct ErrorBody: Sendable, Equatable {
    /// The code as sent. A newer daemon may send one that ``code`` does not know.
    public var codeText: String
    /// What happened, in one line. Never holds a secret.
    public var message: String
    /// What to do about it.
    public var hint: String?

    public var code: ErrorCode? { ErrorCode(rawValue: codeText) }

    public init(_ code: ErrorCode, _ message: String, hint: String? = nil) {
        self.codeText = code.rawValue
        self.message = message
        self.hint = hint
    }

    public init(json: JSON) throws(JSONError) {
        var outer = try JSONReader(json)
        var inner = try JSONReader(outer.value("error"), path: "error")
        codeText = try inner.string("code")
        message = try inner.string("message")
        hint = try inner.optionalString("hint")
    }

    public var json: JSON {
        var error: JSONObject = ["code": .of(codeText), "message": .of(message)]
        if let hint { error["hint"] = .of(hint) }
        return ["error": .object(error)]
    }
}
