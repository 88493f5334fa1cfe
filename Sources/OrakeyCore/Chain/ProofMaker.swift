public import EthereumABI
import EthereumCore
public import EthereumProof
public import EthereumRPC
import OrakeyContract
import StrictJSON

/// Makes proofs that a key was disabled: the receipt of the disable, its place in the block's trie, and the header.
public struct ProofMaker: Sendable {
    let client: RPCClient
    let profile: NetworkProfile

    public init(client: RPCClient, profile: NetworkProfile) {
        self.client = client
        self.profile = profile
    }

    /// The proof for a key whose disable is settled.
    ///
    /// - Throws: ``AgentError`` for a key that is not disabled yet; errors of the endpoint and of the proof.
    public func proof(of key: KeyRecord) async throws -> RevocationProof {
        guard key.state == .disabled, let hash = key.disabledTransaction else {
            throw AgentError(
                .conflict, "the key is \(key.state.rawValue): there is no settled disable to prove",
                hint: "revoke it first, and wait for the confirmation")
        }
        guard let receipt = try await client.send(.receipt(hash)),
            let block = try await client.send(.block(.hash(receipt.blockHash)))
        else { throw AgentError(.conflict, "the endpoint does not have the block of transaction \(hash) any more") }
        return try RevocationProof(
            network: "\(key.network)", chainID: profile.chainID, contract: profile.contract.address, owner: key.owner,
            message: key.message, event: try Self.event(profile.contract.disabled), transaction: hash, block: block.raw,
            receipts: .array(try await receipts(of: block)))
    }

    private func receipts(of block: Block) async throws -> [JSON] {
        if case .some(.some(let all)) = try? await client.send(.blockReceipts(.hash(block.hash))) {
            return all.map(\.raw)
        }
        // Nodes without eth_getBlockReceipts are asked for each.
        let answers = try await client.batch(block.transactions.map { .receipt($0) })
        return try answers.compactMap { try $0.get()?.raw }
    }

    /// Where an event says owner and message, by the rule that the agent reads events by.
    public static func event(_ abi: ABIEvent) throws -> RevocationEvent {
        var topic = 0
        var word = 0
        var owner: RevocationEvent.Word?
        var message: RevocationEvent.Word?
        for input in abi.inputs {
            let place: RevocationEvent.Word
            if input.isIndexed {
                topic += 1
                place = .topic(topic)
            } else {
                place = .data(word)
                word += 1
            }
            switch input.type {
            case .address: owner = owner ?? place
            case .fixedBytes(count: 32), .uint: message = message ?? place
            default: break
            }
        }
        guard let owner, let message else { throw ContractError.unsuitable("its event names no owner or no message") }
        return try RevocationEvent(signature: abi.signature, owner: owner, message: message)
    }
}
