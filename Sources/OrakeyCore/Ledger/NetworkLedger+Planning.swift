public import EthereumCore
import OrakeyContract

/// What is to be sent: intents that follow from the state of the keys.
extension NetworkLedger {
    /// Creates that will still add keys to the pool.
    public var openCreates: [Intent] {
        intents.values.filter { $0.kind == .create && !$0.state.isFinal }.sorted { $0.id < $1.id }
    }

    @discardableResult
    mutating func plan(_ payload: Intent.Payload, urgent: Bool, notBefore: Timestamp, at now: Timestamp) -> Intent {
        let intent = Intent(
            id: nextIdentifier(), network: settings.name, payload: payload, isUrgent: urgent, notBefore: notBefore,
            createdAt: now)
        put(intent)
        return intent
    }

    mutating func planCreate(count: Int, at now: Timestamp) -> [Intent] {
        var rest = count
        var planned: [Intent] = []
        while rest > 0 {
            let part = min(rest, settings.contract.maxCreateBatch)
            planned.append(plan(.create(count: part), urgent: false, notBefore: now, at: now))
            rest -= part
        }
        return planned
    }

    mutating func planDisable(
        _ messages: [Bytes32], urgent: Bool, notBefore: Timestamp, at now: Timestamp
    ) -> [Intent] {
        var rest = messages[...]
        var planned: [Intent] = []
        while !rest.isEmpty {
            let part = rest.prefix(settings.contract.maxDisableBatch)
            rest = rest.dropFirst(part.count)
            planned.append(plan(.disable(Array(part)), urgent: urgent, notBefore: notBefore, at: now))
        }
        return planned
    }

    /// Keeps the pool at its target, and adds a key for everyone who waits for one.
    mutating func planCreates(at now: Timestamp) {
        // A clock that has gone back must not make the pause longer than it was meant to be.
        if let createNotBefore, now < createNotBefore, createNotBefore.seconds(since: now) <= Self.longestCreatePause {
            return
        }
        let waiting = consumers.values.count {
            consumerSettings[$0.name] != nil && ($0.current == nil || $0.pendingRotation != nil)
        }
        let ready = keys.values.count { $0.state == .pooled || $0.state == .pending }
        let coming = openCreates.reduce(0) { sum, intent in
            guard case .create(let count) = intent.payload else { return sum }
            // A mined create's keys are already counted as pending. Whether it brings fewer is judged once it is settled.
            let arrived = intent.messages.count { keys[$0]?.createdTransaction == intent.transaction }
            return sum + (intent.state == .mined ? max(0, count - arrived) : count)
        }
        let missing = settings.poolTarget + waiting - ready - coming
        guard missing > 0 else { return }
        _ = planCreate(count: missing, at: now)
    }

    /// After a failed create, waits longer each time before trying again by itself.
    mutating func createFailed(at now: Timestamp) {
        createFailures = min(createFailures + 1, 8)
        createNotBefore = now.adding(seconds: Int64(15) << Int64(createFailures))
    }

    private static let longestCreatePause: Int64 = 15 << 8

    /// A key out of circulation must end dead: whatever became of earlier disables, there is always one under way.
    mutating func planDisables(at now: Timestamp) {
        let covered = Set(intents.values.lazy.filter { $0.kind == .disable && !$0.state.isFinal }.flatMap(\.messages))
        for key in Array(keys.values) where key.state == .retiring {
            guard let end = key.notAfter, end <= now else { continue }
            move(key.message, .revoked)
        }
        let uncovered = keys.values.filter {
            $0.state == .disabling && $0.disabledBlock == nil && !covered.contains($0.message)
        }
        .map(\.message).sorted()
        _ = planDisable(uncovered, urgent: true, notBefore: now, at: now)
    }

    // MARK: - Due work

    /// The next thing to do on the wire.
    public enum Work: Sendable, Equatable {
        /// Bind these planned intents to a nonce and sign.
        case sign([Intent])
        /// Hand the newest attempt of this slot to an endpoint (again).
        case broadcast(TransactionSlot)
        /// Offer more for this slot.
        case replace(TransactionSlot)
        /// Sign this slot anew: it is to carry out less than its newest attempt does, or nothing.
        case amend(TransactionSlot)
        /// Take a nonce that nobody's transaction has, though later ones wait for it.
        case fill(UInt64)

        /// Whether it may go on while all endpoints lag: what is bound to its nonce stays so, whatever an old view shows.
        /// A new nonce, and what is left to disable, are read from the chain.
        var isIndependentOfView: Bool {
            switch self {
            case .broadcast, .replace, .amend: true
            case .sign, .fill: false
            }
        }
    }

    /// Seconds until a disable is tried again that the contract refused.
    static let refusalPause: Int64 = 15
    /// Seconds that a foreign transaction has to come back after a reorg before its nonce is filled.
    static let gapPatience: Int64 = 10
    /// Seconds after which the same bytes are handed out again: a mempool may have dropped them.
    static let rebroadcastAfter: Int64 = 20

    /// All that is due now, urgent things first.
    public func dueWork(at now: Timestamp) -> [Work] {
        var work: [Work] = []
        for slot in slots.values.sorted(by: { $0.nonce < $1.nonce }) {
            guard let newest = slot.attempts.last else { continue }
            if slot.isOpen, slot.isToBeAmended {
                if slot.isMined { continue }
                if hasRoom(slot) {
                    work.append(.amend(slot))
                    continue
                }
            }
            switch slot.state {
            case .signed: work.append(.broadcast(slot))
            case .broadcast:
                guard let sent = newest.sentAt else {
                    work.append(.broadcast(slot))
                    continue
                }
                if wantsBetterOffer(slot, at: now), hasRoom(slot) {
                    work.append(.replace(slot))
                } else if now.seconds(since: sent) >= Self.rebroadcastAfter {
                    work.append(.broadcast(slot))
                }
            case .mined, .confirmed, .lost: break
            }
        }
        if let gap, now.seconds(since: gap.since) >= Self.gapPatience { work.append(.fill(gap.nonce)) }
        let due = intents.values.filter { $0.state == .planned && isDue($0, at: now) }
            .sorted { ($0.isUrgent ? 0 : 1, $0.id) < ($1.isUrgent ? 0 : 1, $1.id) }
        let underWay = disablesUnderWay
        let disables = due.filter { $0.kind == .disable && !isUnderWay($0, underWay) }
        work += groups(disables, upTo: settings.contract.maxDisableBatch) { $0.messages.count }.map { .sign($0) }
        let room = max(0, Self.mostUnderWay - slots.values.count { $0.isOpen })
        let creates = groups(
            due.filter { $0.kind == .create }, upTo: settings.contract.maxCreateBatch, size: \.keyCount)
        work += creates.prefix(room).map { .sign($0) }
        work += due.filter { $0.kind == .setRevoker }.map { .sign([$0]) }
        return work
    }

    /// Whether a slot that waits for a block is worth more than its newest attempt offers, or is to do something else.
    func wantsBetterOffer(_ slot: TransactionSlot, at now: Timestamp) -> Bool {
        guard let newest = slot.attempts.last else { return false }
        if slot.isToBeAmended || hastened.contains(slot.id) || isUnderpaid(slot, newest) { return true }
        guard let sent = newest.sentAt else { return false }
        let age = now.seconds(since: min(newest.signedAt, sent))
        let isOverdue = age < 0 || age >= settings.fees.resubmitAfter
        let isDawdling = slot.nonce < lastUrgentNonce ?? 0 && !newest.isUrgent
        return (isOverdue || isDawdling) && hasBeenPassedOver(slot)
    }

    /// Whether the caps leave room for a better offer than a slot's newest.
    func hasRoom(_ slot: TransactionSlot) -> Bool {
        slot.attempts.last.map { settings.fees.hasRoom(above: $0.fees, isAmendment: slot.isToBeAmended) } ?? true
    }

    /// Nonces with creates that wait for a block at the same time: a revocation has to wait behind all of them, and nodes
    /// keep only so many transactions of one account.
    static let mostUnderWay = 64

    /// Only the end of a grace period is worth waiting for. All else was due when it was planned, even if the clock has
    /// gone back since; a disable that the contract refused waits some seconds, not for the clock.
    func isDue(_ intent: Intent, at now: Timestamp) -> Bool {
        if intent.notBefore <= now || intent.kind != .disable { return true }
        return intent.isUrgent && intent.notBefore.seconds(since: now) > Self.refusalPause
            && !isGraceRunning(for: intent, at: now)
    }

    /// Whether a disable waits for the end of a grace period.
    func isGraceRunning(for intent: Intent, at now: Timestamp) -> Bool {
        guard intent.kind == .disable, intent.state == .planned, intent.notBefore > now else { return false }
        return intent.messages.contains { keys[$0]?.state == .retiring }
    }

    /// Whether there was a block since the newest offer that could have held it. Offering more to a chain that stands
    /// still only makes the transaction dear.
    private func hasBeenPassedOver(_ slot: TransactionSlot) -> Bool {
        guard let head = headAtOffer[slot.id], let view else { return true }
        return view.head.number > head
    }

    /// The highest nonce of an urgent transaction that waits for a block. No block takes it before those below it: what a
    /// block has passed over of them is to be offered at the urgent price as well.
    var lastUrgentNonce: UInt64? {
        slots.values.lazy.filter { $0.isUrgent && ($0.state == .signed || $0.state == .broadcast) }.map(\.nonce).max()
    }

    /// An urgent slot that still carries an ordinary tip is worth a replacement at once; one attempt only.
    private func isUnderpaid(_ slot: TransactionSlot, _ newest: Attempt) -> Bool {
        slot.isUrgent && slot.attempts.count == 1 && !newest.isUrgent
    }

    /// What is due together goes out together, as far as the contract takes it in one call.
    private func groups(_ due: [Intent], upTo limit: Int, size: (Intent) -> Int) -> [[Intent]] {
        var groups: [[Intent]] = []
        var used = 0
        for intent in due {
            let count = max(size(intent), 1)
            if groups.isEmpty || used + count > limit {
                groups.append([])
                used = 0
            }
            groups[groups.count - 1].append(intent)
            used += count
        }
        return groups
    }

    /// Whether all that an intent has yet to disable is in transactions of other intents: it waits for their end. The
    /// contract reverts where a key is disabled twice.
    private func isUnderWay(_ intent: Intent, _ underWay: Set<Bytes32>) -> Bool {
        let rest = intent.messages.filter { message in
            keys[message].map { $0.state != .disabled && $0.disabledBlock == nil } ?? false
        }
        return !rest.isEmpty && rest.allSatisfy(underWay.contains)
    }

    /// Keys whose disable is signed and has not ended.
    var disablesUnderWay: Set<Bytes32> {
        Set(
            intents.values.lazy.filter { $0.kind == .disable && $0.state != .planned && !$0.state.isFinal }
                .flatMap(\.messages))
    }

    /// Messages of these disables that are still to be disabled.
    public func messagesToDisable(_ intents: [Intent]) -> [Bytes32] {
        var seen = disablesUnderWay
        return intents.flatMap(\.messages).filter { message in
            guard seen.insert(message).inserted, let key = keys[message] else { return false }
            return key.state != .disabled && key.disabledBlock == nil
        }
    }
}
