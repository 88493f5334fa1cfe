/// What went wrong between this process and an HTTP server on a Unix socket.
///
/// No description repeats what was sent or received: both may hold a secret.
public struct UnixHTTPError: Error, Sendable, Equatable {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The socket's path does not fit a socket address, or the request could not be put on the wire as given.
        case invalidRequest
        /// No connection: nothing listens there, no permission, or no such file. Holds the `errno`.
        case notReachable(Int32)
        /// The deadline passed. Whether the server acted on the request is unknown once it was sent.
        case timedOut
        /// The server closed the connection in the middle of an answer or before one.
        case closed
        /// The answer is not HTTP/1.1 as RFC 9112 has it.
        case malformedResponse
        /// The answer is larger than the caller allows.
        case tooLarge
        /// Reading or writing failed. Holds the `errno`.
        case inputOutput(Int32)
    }

    /// The kind of failure.
    public let code: Code
    /// What exactly was wrong, for people.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

extension UnixHTTPError: CustomStringConvertible {
    /// One line for people.
    public var description: String { reason }
}
