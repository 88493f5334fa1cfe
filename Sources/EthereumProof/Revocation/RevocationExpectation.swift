public import EthereumCore

/// What whoever checks a proof knows from elsewhere. What is nil is taken from the proof, and the report says so.
public struct RevocationExpectation: Sendable, Hashable {
    /// The event of the contract; a proof of any other event is refused, since it may mean anything.
    public var event: RevocationEvent
    /// The chain of the network in question.
    public var chainID: UInt64?
    /// The contract whose keys are accepted.
    public var contract: Address?
    /// The owner of the key in question.
    public var owner: Address?
    /// The message of the key in question.
    public var message: Bytes32?
    /// Hash of the block at that height, from a node that is trusted.
    public var canonicalHash: Bytes32?

    public init(
        event: RevocationEvent = .keyDisabled, chainID: UInt64? = nil, contract: Address? = nil, owner: Address? = nil,
        message: Bytes32? = nil, canonicalHash: Bytes32? = nil
    ) {
        self.event = event
        self.chainID = chainID
        self.contract = contract
        self.owner = owner
        self.message = message
        self.canonicalHash = canonicalHash
    }

    func check(_ proof: RevocationProof) throws(ProofError) {
        guard proof.event == event else {
            throw ProofError(
                .notAsExpected, "the proof is of the event \(proof.event.signature), not \(event.signature)")
        }
        guard proof.chainID == chainID ?? proof.chainID else {
            throw ProofError(.notAsExpected, "the proof is of chain id \(proof.chainID), not of the expected one")
        }
        guard proof.contract == contract ?? proof.contract else {
            throw ProofError(.notAsExpected, "the proof is of contract \(proof.contract), not of the expected one")
        }
        guard proof.owner == owner ?? proof.owner else {
            throw ProofError(.notAsExpected, "the proof is of owner \(proof.owner), not of the expected one")
        }
        guard proof.message == message ?? proof.message else {
            throw ProofError(.notAsExpected, "the proof is of message \(proof.message), not of the expected one")
        }
        guard proof.blockHash == canonicalHash ?? proof.blockHash else {
            throw ProofError(
                .notAsExpected,
                "the proof is of a block \(proof.blockNumber) with the hash \(proof.blockHash), which is not canonical")
        }
    }
}
