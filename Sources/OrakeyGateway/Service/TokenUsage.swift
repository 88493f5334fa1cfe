import StrictJSON

/// The tokens of one answer, as its backend counts them.
struct TokenUsage: Equatable, Sendable {
    /// No answer has more. Without a bound one mad count would overflow a day's sum, and no usage at all could be stored.
    private static let most: UInt64 = 1 << 32

    var prompt: UInt64
    var completion: UInt64

    /// Nil where an answer tells none.
    init?(_ usage: JSON?) {
        guard let usage = usage?.objectValue else { return nil }
        func tokens(_ name: String) -> UInt64 { min(usage[name]?.numberValue?.integer() ?? 0, Self.most) }
        (prompt, completion) = (tokens("prompt_tokens"), tokens("completion_tokens"))
    }
}
