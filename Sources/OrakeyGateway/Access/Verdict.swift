public import OrakeyKey

/// The answer to one set of credentials.
public enum Verdict: Sendable {
    case granted(Grant)
    case refused(Refusal)
}

/// Leave to use the service.
public struct Grant: Sendable {
    /// Whose key it is.
    public let identity: VerifiedIdentity
    /// The block in whose state the key was active.
    public let block: UInt64
    /// Whether the request counts as running until it is given back to ``Gatekeeper/finish(_:)``.
    let isHeld: Bool
}

/// Why credentials were refused. Never holds a part of a key.
public enum Refusal: Error, Sendable, Equatable {
    /// No `Authorization: Bearer`, or several.
    case noCredentials
    /// Not a key at all.
    case malformed(APIKeyError)
    /// A key in the other layout than the network's.
    case otherLayout
    /// A key of a network that is not served here.
    case foreignNetwork
    /// A message that this network's contract can't have issued.
    case foreignDeployment
    /// A key that the contract has not issued to its signer.
    case unknown
    /// Created in a block that is not deep enough yet.
    case unconfirmed
    /// Disabled on chain.
    case disabled
    /// The provider does not serve this owner.
    case blocked
    /// More requests than this owner may make in a minute.
    case tooManyRequests(retryAfter: Int)
    /// More requests at one time than this owner may make.
    case tooManyAtOnce
    /// The chain was not seen for too long, so that nothing can be said.
    case viewTooOld

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .noCredentials, .malformed, .otherLayout, .foreignNetwork, .foreignDeployment, .unknown, .unconfirmed,
            .disabled:
            401
        case .blocked: 403
        case .tooManyRequests, .tooManyAtOnce: 429
        case .viewTooOld: 503
        }
    }

    /// Seconds after which asking again may help.
    public var retryAfter: Int? {
        switch self {
        case .tooManyRequests(let seconds): seconds
        case .tooManyAtOnce: 1
        case .unconfirmed, .viewTooOld: 2
        default: nil
        }
    }

    /// A word for counters.
    var word: StaticString {
        switch self {
        case .noCredentials: "no_credentials"
        case .malformed: "malformed"
        case .otherLayout: "other_layout"
        case .foreignNetwork: "foreign_network"
        case .foreignDeployment: "foreign_deployment"
        case .unknown: "unknown"
        case .unconfirmed: "unconfirmed"
        case .disabled: "disabled"
        case .blocked: "blocked"
        case .tooManyRequests: "rate_limited"
        case .tooManyAtOnce: "concurrency_limited"
        case .viewTooOld: "view_too_old"
        }
    }

    /// One line for the caller: what happened and what to do.
    public var message: String {
        switch self {
        case .noCredentials: "no API key given: send one header \"Authorization: Bearer NETWORK:...\""
        case .malformed(let error): "\(error)"
        case .otherLayout: "the API key has another layout than this network's keys"
        case .foreignNetwork: "the API key belongs to a network that is not served here"
        case .foreignDeployment: "the API key belongs to another deployment of the key contract"
        case .unknown: "no such API key: the contract has not issued it to the wallet that signed it"
        case .unconfirmed: "the API key was created just now: try again in a few blocks"
        case .disabled: "the API key was disabled"
        case .blocked: "this provider does not serve the API key's owner"
        case .tooManyRequests: "too many requests in a minute: wait as long as Retry-After says"
        case .tooManyAtOnce: "too many requests at one time: wait for one to end"
        case .viewTooOld: "the state of API keys can't be told at the moment: try again later"
        }
    }

    /// The error in the form of OpenAI's API.
    public var openAIError: OpenAIError {
        switch status {
        case 401: OpenAIError(message, type: "invalid_request_error", code: "invalid_api_key")
        case 403: OpenAIError(message, type: "invalid_request_error", code: "owner_blocked")
        case 429: OpenAIError(message, type: "rate_limit_error", code: "rate_limit_exceeded")
        default: OpenAIError(message, type: "server_error", code: "key_state_unknown")
        }
    }
}
