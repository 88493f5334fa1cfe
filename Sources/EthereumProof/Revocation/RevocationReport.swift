import EthereumCore
public import StrictJSON

/// What a verified ``RevocationProof`` proves, and what has to be known from elsewhere.
public struct RevocationReport: Sendable, Hashable {
    /// The key that is dead, and where.
    public let proof: RevocationProof
    /// The block's time, in seconds since 1970.
    public let timestamp: UInt64
    /// What the proof proves, a sentence each.
    public let proven: [String]
    /// What it does not prove, a sentence each, with what to do about it.
    public let notProven: [String]

    init(_ proof: RevocationProof, timestamp: UInt64, expectation: RevocationExpectation) {
        self.proof = proof
        self.timestamp = timestamp
        var proven = [
            "the header of block \(proof.blockNumber), of \(timestamp) seconds since 1970, hashes to \(proof.blockHash)",
            "the block's receipts root commits to the receipt of its transaction \(proof.transactionIndex), which succeeded",
            "log \(proof.logIndex) of that receipt is \(proof.event.signature) of contract \(proof.contract), "
                + "for owner \(proof.owner) and message \(proof.message)",
        ]
        var notProven: [String] = []
        if expectation.canonicalHash == nil {
            notProven.append(
                "that the block is canonical: ask a node that you trust for the hash of block \(proof.blockNumber)")
        } else {
            proven.append("the block has the hash that was given as canonical")
        }
        if proof.messageNamesDeployment {
            proven.append("the message is one that this contract issues on chain id \(proof.chainID)")
        }
        notProven.append(
            "that the block belongs to chain id \(proof.chainID) (\(proof.network)): a header does not name its chain")
        if expectation.contract == nil {
            notProven.append("that contract \(proof.contract) is the one whose keys are accepted")
        }
        self.proven = proven
        self.notProven = notProven
    }

    /// The report as JSON.
    public var json: JSON {
        [
            "network": .string(proof.network),
            "chain_id": .integer(proof.chainID),
            "contract": .string(proof.contract.checksummed),
            "owner": .string(proof.owner.checksummed),
            "message": .string(proof.message.hex),
            "block_number": .integer(proof.blockNumber),
            "block_hash": .string(proof.blockHash.hex),
            "timestamp": .integer(timestamp),
            "proven": .array(proven.map { .string($0) }),
            "not_proven": .array(notProven.map { .string($0) }),
        ]
    }
}
