/// Why the agent refused a call. The code decides the answer's status; the message says what happened.
public struct AgentError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The wallet is locked.
        case locked
        case unknownNetwork, unknownConsumer, unknownKey, unknownIntent
        /// The string to revoke is no well-formed key.
        case malformedKey
        /// The request names more than one possible thing, or asks for too much.
        case badRequest
        /// Keys of several networks match, and the request is about one.
        case ambiguous
        /// The state does not allow the call.
        case conflict
        /// The same `Idempotency-Key` came with another request.
        case idempotencyConflict
        /// The network has no contract yet.
        case noContract
        /// The passphrase does not open the wallet.
        case wrongPassphrase
        /// Too soon after a failed attempt.
        case rateLimited
        /// The journal can't be written or read.
        case journalFailed
        /// The account is not known yet: the wallet was never unlocked with this state.
        case ownerUnknown
    }

    public let code: Code
    public let description: String
    /// What to do about it.
    public let hint: String?
    /// Seconds after which it is worth trying again, where that is known.
    public let retryAfter: Int64?

    public init(_ code: Code, _ description: String, hint: String? = nil, retryAfter: Int64? = nil) {
        self.code = code
        self.description = description
        self.hint = hint
        self.retryAfter = retryAfter
    }

    /// What kept the journal from taking or giving something; an error of the agent's own stays what it is.
    static func journal(_ error: any Error) -> AgentError {
        if let known = error as? AgentError { return known }
        // One of a newer program says itself what to do.
        let isNewer = (error as? any JournalTrouble)?.alarm == .journalNewer
        return AgentError(
            .journalFailed, "the journal can't be used: \(error)",
            hint: isNewer ? nil : "free disk space or mend the state directory; nothing was sent to the chain")
    }
}
