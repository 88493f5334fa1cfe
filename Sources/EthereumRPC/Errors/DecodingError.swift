/// A result that does not have its method's type: where, and what was expected there.
public struct RPCDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Such as `result.logs[3].topics[0]`.
    public let path: String
    /// What is wrong with it; never its text.
    public let reason: String

    /// What is wrong at that place.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// Place and reason.
    public var description: String { "\(path): \(reason)" }
}
