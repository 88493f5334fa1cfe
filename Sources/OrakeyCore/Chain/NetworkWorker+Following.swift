import EthereumCore
import EthereumRPC
import Logging
import OrakeyConfig
import OrakeyContract

/// Looking at the chain. An idle network costs at most two calls for each look, however many blocks there were since the
/// last: the head and the events. What else is to be known now and then takes the head's place in some looks.
extension NetworkWorker {
    /// One look. Whether all endpoints lag is in the turn afterwards.
    func follow(_ turn: inout WorkerTurn) async throws {
        guard let profile = await agent.followedProfile(network) else { return }
        let reader = reader(profile)
        if !turn.checkedCode {
            guard try await reader.hasCode() else { throw ChainReadError.noCode(profile.contract.address) }
            turn.checkedCode = true
        }
        let plan = await agent.scanPlan(network, deepReorg: false)
        turn.branch.recall(plan?.cursor?.seen, blocks: plan?.blocks ?? [:])
        var isIdle = turn.head != nil && !turn.isBehind && plan?.start != nil && !(plan?.isBusy ?? true)
        if isIdle, let plan, let errand = turn.nextErrand(confirmationsAreNamed: profile.confirmations.areNamed) {
            if try await run(errand, &turn, plan, reader) { return }
            isIdle = false
        }
        try await look(&turn, reader, isIdle: isIdle)
    }

    // MARK: - The usual look

    private func look(_ turn: inout WorkerTurn, _ reader: ChainReader, isIdle: Bool) async throws {
        let seen = turn.branch.newest?.number ?? 0
        var head = try await reader.head(notBelow: seen)
        if head.hash == turn.head?.hash {
            guard let further = try await standsStill(head, &turn, reader) else { return }
            head = further
        }
        if turn.branch.standing(of: HeadMark(head)) == .behind {
            // Nothing new, and no trouble before it lasts.
            turn.isBehind = true
            let trouble = turn.branch.lagsAgain() ? ChainReadError.behind(head: head.number, seen: seen) : nil
            return try await agent.allLag(trouble, on: network)
        }
        // What was begun while the head was asked for belongs to this look.
        var plan = await agent.scanPlan(network, deepReorg: false)
        let isGrown = turn.head.map { head.number == $0.number + 1 && head.parentHash == $0.hash } ?? false
        if !isGrown { turn.branch.forget() }
        // Blocks in between that nobody has looked at.
        let isFurther = turn.head.map { head.number > $0.number + 1 } ?? false
        let isQuick = isIdle && (isGrown || isFurther)

        guard let settled = try await settledBlock(below: head, &turn, reader, isQuick: isQuick) else { return }
        var isDeepReorg = false
        if plan?.start == nil {
            guard let block = try await reader.block(settled) else { throw ChainReadError.noBlock }
            try await agent.adopt(try await reader.baseline(at: block), below: SeenHead(head), on: network)
            plan = await agent.scanPlan(network, deepReorg: false)
            turn.isAnchored = true
        } else if isQuick {
            // The chain grew by one block on top of what was seen: nothing below can have changed. Else an errand looks.
            turn.isAnchored = turn.isAnchored && isGrown
        } else if !(isGrown && turn.isAnchored) {
            if let cursor = plan?.cursor, try await !reader.isCanonical(cursor, below: head) {
                isDeepReorg = true
                plan = await agent.scanPlan(network, deepReorg: true, head: head.number)
            }
            turn.isAnchored = true
        }
        guard let plan, let start = plan.start else { return }
        turn.branch.remember(HeadMark(head))
        if turn.branch.hashes[settled] == nil, !isQuick {
            turn.branch.remember(try await reader.block(settled)?.hash, of: settled)
        }
        let view = try await reader.view(
            at: head, settled: settled, settledHash: turn.isAnchored ? turn.branch.hashes[settled] : nil,
            scanStart: start,
            transactions: plan.transactions, withAccount: plan.isBusy || isDeepReorg || turn.head == nil)
        try await agent.apply(view, on: network)
        turn.events = Set(view.events.map(EventPosition.init))
        if !isQuick { turn.candidate = nil }
        if !isIdle { turn.sinceCheck += 1 }
        if turn.head == nil { try await mendUnproven(reader, at: head) }
        if turn.head == nil || turn.sinceCheck >= WorkerTurn.looksPerCheck {
            try await checkKeysInUse(await agent.messagesInUse(on: network), reader, at: .number(head.number))
            turn.sinceCheck = 0
        }
        turn.acted(on: head)
    }

    /// The head is the one that was acted on. A chain that rests and an endpoint that does look the same, until another
    /// one is asked. The head of one that has come further, if there is one.
    private func standsStill(_ head: Block, _ turn: inout WorkerTurn, _ reader: ChainReader) async throws -> Block? {
        var isConfirmed = client.isQuorate
        if turn.standsStill(), let other = await client.headElsewhere(than: head.number) {
            if other > head.number {
                let further = try await reader.head(notBelow: other)
                if further.hash != head.hash { return further }
            }
            isConfirmed = isConfirmed || other == head.number
        }
        try await agent.sawNothingNew(on: network, isConfirmed: isConfirmed)
        return nil
    }

    /// A depth follows from the head; a block that only has a name is asked for, now and then on an idle network.
    private func settledBlock(
        below head: Block, _ turn: inout WorkerTurn, _ reader: ChainReader, isQuick: Bool
    ) async throws -> UInt64? {
        if case .depth(let depth) = reader.confirmations {
            return head.number + 1 >= depth ? head.number + 1 - depth : nil
        }
        if isQuick, let known = turn.settled { return known }
        guard let block = try await reader.settledBlock(below: head) else { return nil }
        turn.settled = block.number
        turn.branch.remember(block.hash, of: block.number)
        return block.number
    }

    // MARK: - Errands

    /// Asks for the newest events without asking for the head, and for one thing more. Says whether that was all: a new
    /// event, or one that is gone, wants a look of the usual kind at once.
    private func run(
        _ errand: WorkerTurn.Errand, _ turn: inout WorkerTurn, _ plan: KeyAgent.ScanPlan, _ reader: ChainReader
    ) async throws -> Bool {
        guard let head = turn.head, let cursor = plan.cursor else { return false }
        let first = min(plan.start ?? 0, head.number)
        let events = Set(try await reader.eventsToHead(from: first).map(EventPosition.init))
        guard events == turn.events.filter({ $0.number >= first }) else { return false }
        try await agent.sawNothingNew(on: network, isConfirmed: false)
        switch errand {
        case .balance: try await agent.note(balance: try await reader.balance(), on: network)
        case .keysInUse:
            let messages = await agent.messagesInUse(on: network)
            let fits = reader.statusWords(of: messages) != nil
            let some = fits || messages.isEmpty ? messages : [messages[turn.errandNumber % messages.count]]
            try await checkKeysInUse(some, reader, at: .number(head.number))
        case .settledBlock:
            guard let block = try await reader.settledBlock(below: head) else { break }
            turn.settled = block.number
            turn.branch.remember(block.hash, of: block.number)
            turn.candidate = block.number <= head.number ? Cursor(block: block.number, hash: block.hash) : nil
        case .cursor:
            guard try await reader.isCanonical(cursor, below: head) else {
                // The head that was seen may be on the other branch already: it is no reason to look no closer.
                turn.head = nil
                return false
            }
            // The settled block was read before: had the chain turned to another branch since, this block were not there,
            // or else that one will not be when it is looked at as the cursor.
            if let candidate = turn.candidate { try await agent.advance(to: candidate, on: network) }
            turn.isAnchored = turn.candidate == nil
            turn.candidate = nil
        }
        return true
    }
}

extension ChainReader {
    /// The owner's events from `first` up to whatever block is the last.
    func eventsToHead(from first: UInt64) async throws -> [KeyEvent] {
        let filter = LogFilter(
            fromBlock: .number(first), toBlock: .latest, addresses: [contract.address],
            topics: contract.eventTopics(of: owner))
        return try await client.send(.logs(filter)).compactMap(event)
    }

    func balance() async throws -> UInt256 { try await client.send(.balance(owner, .latest)) }
}
