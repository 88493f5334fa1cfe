/// What went wrong with an HTTP exchange. Answers with a status of 400 and more are answers, not errors.
///
/// No description holds a path, a query, a header value or a body: any of them may be a credential.
public struct HTTPError: Error, Sendable, Equatable {
    /// The part of an exchange that took too long.
    public enum Phase: Sendable, Equatable {
        /// Name, connection and TLS handshake.
        case connect
        /// Everything together.
        case total
        /// The time between two pieces of the answer.
        case idle
    }

    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The request was refused before anything was sent.
        case invalidRequest
        /// The host's name has no address.
        case nameNotFound
        /// Nothing answers at that address.
        case notReachable
        /// No TLS connection: wrong name, unknown authority, expired, too old a version.
        case tls
        /// The proxy refused or failed.
        case proxy
        /// A deadline passed.
        case timedOut(Phase)
        /// The connection ended before the answer did.
        case closed
        /// The answer is not HTTP.
        case malformedResponse
        /// The answer is larger than the request allows.
        case tooLarge
        /// The task was cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
        /// Something else; holds libcurl's code.
        case other(Int)
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, for people.
    public let reason: String
    /// Whether the server may have seen the request, so that it may have acted on it.
    public let mayHaveBeenSent: Bool

    package init(_ code: Code, _ reason: String, mayHaveBeenSent: Bool = false) {
        self.code = code
        self.reason = reason
        self.mayHaveBeenSent = mayHaveBeenSent
    }
}

extension HTTPError: CustomStringConvertible {
    /// One line for people.
    public var description: String { reason }
}

extension HTTPError {
    /// An answer that is HTTP to libcurl and still not to be trusted.
    package init(malformed reason: String) { self.init(.malformedResponse, reason, mayHaveBeenSent: true) }
}
