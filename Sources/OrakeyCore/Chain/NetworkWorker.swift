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
                var turn = Turn()
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

    /// What one turn leaves for the next.
    private struct Turn {
        var head: Block?
        var checkedCode = false
        /// Hashes of recent blocks, as heads and their parents told them.
        var hashes: [UInt64: Bytes32] = [:]
        var sinceAccount = 0
        var sinceCheck = 0

        /// Looks without reading the account, on an idle network.
        static let looksPerAccount = 30

        mutating func remember(_ block: Block) {
            // Another branch: what was known above its root may be wrong.
            if let known = hashes[block.number], known != block.hash { hashes = [:] }
            if block.number > 0 {
                if let known = hashes[block.number - 1], known != block.parentHash { hashes = [:] }
                hashes[block.number - 1] = block.parentHash
            }
            hashes[block.number] = block.hash
            if hashes.count > 512 { hashes = hashes.filter { $0.key + 256 > block.number } }
        }
    }

    private func attempt(_ turn: inout Turn) async {
        do {
            try await follow(&turn)
            try await work()
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
                    failures: $0.failures, latency: $0.latency)
            }, on: network)
    }

    private func reader(_ profile: NetworkProfile) -> ChainReader {
        ChainReader(
            client: client, contract: profile.contract, owner: profile.owner, confirmations: profile.confirmations)
    }

    // MARK: - Following

    private func follow(_ turn: inout Turn) async throws {
        guard let profile = await agent.followedProfile(network) else { return }
        let reader = reader(profile)
        if !turn.checkedCode {
            guard try await reader.hasCode() else { throw ChainReadError.noCode(profile.contract.address) }
            turn.checkedCode = true
        }
        let head = try await reader.head()
        if head.hash == turn.head?.hash {
            try await agent.sawSameHead(on: network)
            return
        }
        if let last = turn.head, head.number < last.number, turn.hashes[head.number] == head.hash {
            // Another endpoint, some blocks behind on the same chain: nothing new.
            return
        }
        guard let settled = try await reader.settledBlock(below: head) else { return }
        var plan = await agent.scanPlan(network, deepReorg: false)
        if let cursor = plan?.cursor, head.number < cursor.block { throw ChainReadError.behind(cursor.block) }
        var isDeepReorg = false
        if plan?.start == nil {
            guard let block = try await client.send(.block(.number(settled))) else { throw ChainReadError.noBlock }
            try await agent.adopt(try await reader.baseline(at: block), on: network)
            plan = await agent.scanPlan(network, deepReorg: false)
        } else if let last = turn.head, head.number == last.number + 1, head.parentHash == last.hash {
            // The chain grew by one block on top of what was seen: nothing below can have changed.
        } else if let cursor = plan?.cursor, try await !reader.isCanonical(cursor) {
            isDeepReorg = true
            plan = await agent.scanPlan(network, deepReorg: true)
        }
        guard let plan, let start = plan.start else { return }
        turn.remember(head)
        if turn.hashes[settled] == nil { turn.hashes[settled] = try await client.send(.block(.number(settled)))?.hash }
        turn.sinceAccount += 1
        let withAccount =
            plan.isBusy || isDeepReorg || turn.head == nil || turn.sinceAccount >= Turn.looksPerAccount
        if withAccount { turn.sinceAccount = 0 }
        let view = try await reader.view(
            at: head, settled: settled, settledHash: turn.hashes[settled], scanStart: start,
            transactions: plan.transactions, withAccount: withAccount)
        try await agent.apply(view, on: network)
        turn.sinceCheck += 1
        if turn.head == nil || turn.sinceCheck >= Turn.looksPerAccount {
            try await checkKeysInUse(reader, at: head)
            turn.sinceCheck = 0
        }
        turn.head = head
    }

    // MARK: - Working

    private func work() async throws {
        for item in await agent.dueWork(on: network) {
            try Task.checkCancellation()
            switch item {
            case .sign(let intents): try await sign(intents)
            case .broadcast(let slot): try await broadcast(slot)
            case .replace(let slot): try await replace(slot)
            case .cancel(let slot): try await cancel(slot)
            case .fill(let nonce): try await fill(nonce)
            }
        }
    }

    private func sign(_ intents: [Intent]) async throws {
        guard let profile = await agent.followedProfile(network),
            let order = try await agent.order(for: intents, on: network)
        else { return }
        let call = CallRequest(from: order.owner, to: order.contract, data: order.callData)
        let estimate: UInt64
        do {
            estimate = try await client.send(.estimateGas(call, .latest))
        } catch let error where error.isRefusal {
            try await refused(order, error)
            return
        }
        let market = try await FeeReader(client: client).market(for: order.callData)
        try await agent.note(try await reader(profile).account(), on: network)
        // State may change between estimate and inclusion: other creates, colder storage.
        let gasLimit = estimate + estimate / 4 + 5_000
        guard let slot = try await agent.bind(order, gasLimit: gasLimit, market: market, on: network) else { return }
        try await broadcast(slot)
    }

    /// The contract would revert. A disable of what is not active any more has reached its goal.
    private func refused(_ order: TransactionOrder, _ error: RPCError) async throws {
        let profile = await agent.followedProfile(network)
        if let profile, !order.messages.isEmpty {
            let reader = reader(profile)
            var dead: [Bytes32] = []
            for message in order.messages {
                do {
                    if try await !reader.isActive(message, at: .latest) { dead.append(message) }
                } catch let error as RPCError where error.isRefusal {
                    // A contract that refuses even to be read says nothing of the key.
                }
            }
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

    private func cancel(_ slot: TransactionSlot) async throws {
        let market = try await FeeReader(client: client).market(for: slot.callData)
        guard let cancelled = try await agent.cancel(slot, market: market, on: network) else { return }
        try await broadcast(cancelled)
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
