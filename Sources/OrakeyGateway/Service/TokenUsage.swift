import OrakeyAPI
import StrictJSON

/// The tokens of one answer, as its backend counts them.
struct TokenUsage: Equatable, Sendable {
    var prompt: UInt64
    var completion: UInt64

    /// Nil where an answer tells none.
    init?(_ usage: JSON?) {
        guard let usage = usage?.objectValue else { return nil }
        prompt = TokenCount.believed(usage["prompt_tokens"]) ?? 0
        completion = TokenCount.believed(usage["completion_tokens"]) ?? 0
    }
}
