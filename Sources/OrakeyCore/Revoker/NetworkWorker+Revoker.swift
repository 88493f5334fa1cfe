import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyContract

/// The revoker's way to the chain: the same endpoints, an account of its own.
extension NetworkWorker {
    /// One turn: follows the transaction under way, else sends what is due.
    func revoke() async throws {
        if let (revocation, profile) = await agent.revocationUnderWay(on: network) {
            try await follow(revocation, profile)
        }
        guard let order = await agent.revokerOrder(on: network) else { return }
        try await send(order)
    }

    private func reader(_ profile: NetworkProfile, for account: Address) -> ChainReader {
        ChainReader(client: client, contract: profile.contract, owner: account, confirmations: profile.confirmations)
    }

    private func follow(_ revocation: Revocation, _ profile: NetworkProfile) async throws {
        let reader = reader(profile, for: revocation.revoker)
        let head = try await reader.head()
        guard let settled = try await reader.settledBlock(below: head)?.number else { return }
        let settledNonce = try await client.send(.transactionCount(revocation.revoker, .number(settled)))
        let answers = try await client.batch(revocation.attempts.map { .receipt($0.hash) })
        var receipt: Receipt?
        for answer in answers {
            // A receipt from beyond this head belongs to the next look.
            if let found = try answer.get(), found.blockNumber <= head.number { receipt = receipt ?? found }
        }
        let view = RevocationView(
            inclusion: receipt.map {
                .init(block: $0.blockNumber, blockHash: $0.blockHash, transaction: $0.transactionHash)
            }, succeeded: receipt?.status ?? false, settledNonce: settledNonce, settled: settled, head: head.number)
        switch try await agent.follow(view, on: network) {
        case .wait: break
        case .broadcast(let attempt): try await broadcast(attempt)
        case .replace:
            let callData = try profile.contract.encodeDisable(revocation.messages, for: profile.owner)
            let market = try await FeeReader(client: client).market(for: callData)
            if let attempt = try await agent.replaceRevocation(market: market, on: network) {
                try await broadcast(attempt)
            }
        }
    }

    private func send(_ order: KeyAgent.RevokerOrder) async throws {
        guard let contract = order.profile.contract.reference else { return }
        let question = try contract.revokerOf(order.profile.owner)
        let appointed = try question.result(
            of: try await client.send(
                .call(CallRequest(to: order.profile.contract.address, data: question.data), .latest)))
        guard appointed == order.revoker else {
            let known = appointed == .zero ? "nobody" : "\(appointed)"
            return await agent.revokerFailed(
                "the contract has \(known) as revoker of \(order.profile.owner): orakey revoker set \(order.revoker)",
                on: network)
        }
        let callData = try order.profile.contract.encodeDisable(order.messages, for: order.profile.owner)
        let call = CallRequest(from: order.revoker, to: order.profile.contract.address, data: callData)
        let (estimated, refusal) = try await estimate(call)
        guard let estimated else {
            if try await !passOverDead(order) {
                await agent.revokerFailed("the contract refuses the revoker: \(refusal)", on: network)
            }
            return
        }
        let market = try await FeeReader(client: client).market(for: callData)
        let account = try await reader(order.profile, for: order.revoker).account()
        let gasLimit = estimated + estimated / 4 + 5_000
        guard
            let attempt = try await agent.bind(
                order, account: account, gasLimit: gasLimit, market: market, on: network)
        else { return }
        try await broadcast(attempt)
    }

    /// The gas of a call, or why the contract would not carry it out.
    private func estimate(_ call: CallRequest) async throws -> (gas: UInt64?, refusal: String) {
        do {
            return (try await client.send(.estimateGas(call, .latest)), "")
        } catch let error where error.isRefusal {
            return (nil, error.revertReason)
        }
    }

    /// Keys that the contract does not have, or has dead, are not worth a transaction. Says whether there were any.
    private func passOverDead(_ order: KeyAgent.RevokerOrder) async throws -> Bool {
        let dead = try await dead(of: order.messages, reader(order.profile, for: order.profile.owner))
        if !dead.isEmpty { try await agent.foundDead(dead, on: network) }
        return !dead.isEmpty
    }

    /// Hands an attempt to an endpoint. The bytes are on disk; sending them twice changes nothing.
    private func broadcast(_ attempt: Attempt) async throws {
        if let refusal = try await refusal(of: attempt) {
            return await agent.revokerFailed(
                "the endpoint refuses the revoker's transaction: \(refusal)", on: network)
        }
        try await agent.revocationSent(attempt.hash, on: network)
    }

    /// Why the endpoint does not take an attempt; nil when it has it, or may have it.
    private func refusal(of attempt: Attempt) async throws -> String? {
        do {
            _ = try await client.send(.sendRawTransaction(attempt.raw))
            return nil
        } catch {
            switch error.serverClass {
            case .alreadyKnown, .nonceTooLow, .underpriced, .replacementUnderpriced, .feeTooLow: return nil
            case nil: throw error
            default: return "\(error)"
            }
        }
    }
}
