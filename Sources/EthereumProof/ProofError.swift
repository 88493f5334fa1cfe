/// Why something is no proof, or why none could be made. Everything in a proof is public, so reasons may name values.
public struct ProofError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: String, Sendable, CaseIterable {
        /// Bytes or JSON that have not the form of what they stand for.
        case malformed
        /// Larger than any honest proof.
        case tooLarge
        /// The nodes do not lead from the root to the key.
        case brokenTrie
        /// The header does not have the block hash, number or receipts root that is claimed.
        case wrongHeader
        /// The receipts of an answer do not have the root that the block's header names.
        case wrongReceiptsRoot
        /// The trie holds another receipt at this index.
        case wrongReceipt
        /// A bloom filter does not belong to its logs.
        case wrongBloom
        /// The transaction failed, or its receipt is older than EIP-658 and does not tell.
        case notSuccessful
        /// No log, or another one, where the event should be.
        case noEvent
        /// The proof is sound but proves something else than what was expected.
        case notAsExpected
    }

    /// What is wrong.
    public let code: Code

    /// Where and how, in words.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { reason }
}
