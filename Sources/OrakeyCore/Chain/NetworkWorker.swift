import EthereumCore
public import EthereumRPC
import EthereumWallet
public import Logging
import OrakeyContract
public import OrakeyKey

/// Follows one network and carries out what its ledger decides. The only place where a transaction leaves the host.
public struct NetworkWorker: Sendable {
    let agent: KeyAgent
    let network: NetworkName
    let client: RPCClient
    let log: Logger

    public init(agent: KeyAgent, network: NetworkName, client: RPCClient, log: Logger) {
        self.agent = agent
        self.network = network
        self.client = client
        self.log = log
    }

    /// Works until cancelled. Failures become alarms; the next turn tries again.
    public func run() async {
        let (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await agent.onKick(network) { wakeUp.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var turn = WorkerTurn()
                wakeUp.yield()
                for await _ in wakeUps {
                    if Task.isCancelled { break }
                    await self.attempt(&turn)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    let pause = await agent.pollInterval(of: network)
                    do { try await Task.sleep(for: pause) } catch { break }
                    await agent.updateAge(of: network)
                    wakeUp.yield()
                }
                wakeUp.finish()
            }
        }
    }

    private func attempt(_ turn: inout WorkerTurn) async {
        do {
            try await agent.load()
            try await agent.followClock()
            await agent.retryWithheld()
            try await follow(&turn)
            try await work(isBehind: turn.isBehind)
        } catch {
            // The service is stopping; that is no trouble with the chain.
            if Task.isCancelled { return }
            turn.head = nil
            // Trouble with the journal has an alarm of its own.
            if (error as? AgentError)?.code != .journalFailed { await agent.chainFailed("\(error)", on: network) }
        }
        await agent.endpoints(
            client.endpointStatuses.map {
                EndpointReport(
                    url: $0.endpoint, isHealthy: $0.isUsable, error: $0.lastError.map { "\($0)" }, answers: $0.answers,
                    failures: $0.failures, latency: $0.latency, lags: $0.lags)
            }, on: network)
    }

    func reader(_ profile: NetworkProfile) -> ChainReader {
        ChainReader(
            client: client, contract: profile.contract, owner: profile.owner, confirmations: profile.confirmations)
    }

    // MARK: - Working

    /// Transactions signed before the work is looked at anew: something urgent that has come meanwhile does not wait
    /// behind all of them.
    private static let signedAtOnce = 16

    private func work(isBehind: Bool) async throws {
        // The revoker decides from what it reads.
        if !isBehind { try await revoke() }
        var signed = 0
        for item in await agent.dueWork(on: network) where !isBehind || item.isIndependentOfView {
            try Task.checkCancellation()
            if signed == Self.signedAtOnce { return await agent.kick(network) }
            switch item {
            case .sign(let intents): if try await sign(intents) == .signed { signed += 1 }
            case .broadcast(let slot): try await broadcast(slot)
            case .replace(let slot): try await replace(slot)
            case .amend(let slot): try await amend(slot)
            case .fill(let nonce): try await fill(nonce)
            }
        }
    }

    private enum Outcome { case signed, nothingLeft, waits }

    private func sign(_ intents: [Intent]) async throws -> Outcome {
        guard let profile = await agent.followedProfile(network),
            let order = try await agent.order(for: intents, on: network)
        else { return .nothingLeft }
        let call = CallRequest(from: order.owner, to: order.contract, data: order.callData)
        let estimate: UInt64
        do {
            estimate = try await client.send(.estimateGas(call, .latest))
        } catch let error where error.isRefusal {
            if order.isSeparable { return try await signEach(intents) }
            try await refused(order, error)
            return .nothingLeft
        }
        let market = try await FeeReader(client: client).market(for: order.callData)
        try await agent.note(try await reader(profile).account(), on: network)
        // State may change between estimate and inclusion: other creates, colder storage.
        let gasLimit = estimate + estimate / 4 + 5_000
        switch try await agent.bind(order, gasLimit: gasLimit, market: market, on: network) {
        case .bound(let slot): try await broadcast(slot)
        case .tooDear: return try await signEach(intents)
        case .notNow: return .waits
        }
        return .signed
    }

    /// No create fails or waits because of what happens to share a transaction with it.
    private func signEach(_ intents: [Intent]) async throws -> Outcome {
        var outcome = Outcome.nothingLeft
        for intent in intents {
            switch try await sign([intent]) {
            case .signed: outcome = .signed
            case .nothingLeft: break
            // What is missing for one is missing for the next.
            case .waits: return outcome == .signed ? .signed : .waits
            }
        }
        return outcome
    }

    /// The contract would revert. A disable of what is not active any more has reached its goal.
    private func refused(_ order: TransactionOrder, _ error: RPCError) async throws {
        let profile = await agent.followedProfile(network)
        if let profile, !order.messages.isEmpty {
            let dead = try await dead(of: order.messages, reader(profile))
            if !dead.isEmpty {
                try await agent.foundDead(dead, on: network)
                if dead.count == order.messages.count { return }
            }
        }
        try await agent.refused(order.intents, reason: error.revertReason, on: network)
    }

    private func replace(_ slot: TransactionSlot) async throws {
        let market = try await FeeReader(client: client).market(for: slot.callData)
        guard let replaced = try await agent.replace(slot, market: market, on: network) else { return }
        try await broadcast(replaced)
    }

    private func amend(_ slot: TransactionSlot) async throws {
        let market = try await FeeReader(client: client).market(for: slot.callData)
        guard let amended = try await agent.amend(slot, market: market, on: network) else { return }
        try await broadcast(amended)
    }

    private func fill(_ nonce: UInt64) async throws {
        guard let owner = await agent.followedProfile(network)?.owner else { return }
        let gas = try await client.send(.estimateGas(CallRequest(from: owner, to: owner), .latest))
        let market = try await FeeReader(client: client).market(for: [])
        let limit = gas + gas / 4
        guard let slot = try await agent.fill(nonce, gasLimit: limit, market: market, on: network) else { return }
        try await broadcast(slot)
    }

    /// Hands the newest attempt to an endpoint. The bytes are on disk; sending them twice changes nothing.
    private func broadcast(_ slot: TransactionSlot) async throws {
        guard let attempt = slot.attempts.last else { return }
        do {
            let hash = try await client.send(.sendRawTransaction(attempt.raw))
            if hash != attempt.hash {
                log.warning(
                    "an endpoint named another hash than the transaction has", metadata: ["hash": "\(attempt.hash)"])
            }
            try await agent.sent(slot.id, attempt.hash, on: network)
        } catch let error as RPCError {
            switch error.serverClass {
            case .alreadyKnown, .nonceTooLow:
                // It is in the pool or mined; the next view tells.
                try await agent.sent(slot.id, attempt.hash, on: network)
            case .insufficientFunds:
                try await agent.cannotPay(slot, on: network)
            case .underpriced, .replacementUnderpriced, .feeTooLow:
                try await agent.sent(slot.id, attempt.hash, on: network)
                try await agent.sendingFailed(slot.id, reason: "\(error)", on: network)
            default:
                try await agent.sendingFailed(slot.id, reason: "\(error)", on: network)
                if error.serverClass == nil { throw error }
            }
        }
    }
}
