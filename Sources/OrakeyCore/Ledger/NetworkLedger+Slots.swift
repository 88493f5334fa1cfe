import EthereumCore

/// Following transactions: what became of every slot's attempts, and of the intents they carry out.
extension NetworkLedger {
    mutating func followSlots(_ view: ChainView, isDeepReorg: Bool, at now: Timestamp) {
        let followed = slots.values.filter { $0.isOpen || isDeepReorg }.sorted { $0.nonce < $1.nonce }
        for id in followed.map(\.id) {
            reviveIfGivenBack(id, view)
            guard let slot = slots[id], !slot.isLost else { continue }
            if let receipt = Self.receipt(of: slot, in: view) {
                lostSightings[slot.id] = nil
                include(slot, receipt, view, at: now)
            } else {
                missReceipt(of: slot, view, at: now)
            }
        }
    }

    private static func receipt(of slot: TransactionSlot, in view: ChainView) -> ReceiptView? {
        slot.attempts.lazy.compactMap { view.receipts[$0.hash] }.first
    }

    /// A reorg has un-mined the foreign transaction that took a lost slot's nonce, or has even mined this slot's own
    /// bytes: the slot is open again. Its intents come back from the slots they had moved to, whose nonces are then to be
    /// taken by transactions without effect; so an intent still has one effect, and no gap in the nonces blocks the rest.
    private mutating func reviveIfGivenBack(_ id: Int64, _ view: ChainView) {
        guard var slot = slots[id], slot.isLost else { return }
        let isMined = Self.receipt(of: slot, in: view) != nil
        guard isMined || view.account.map({ $0.nonce <= slot.nonce }) ?? false else { return }
        var own: [Int64] = []
        for number in slot.intents {
            guard var intent = intents[number], intent.state != .cancelled else { continue }
            if let other = intent.slot, other != id {
                // In a block already: it stays there.
                guard var newer = slots[other], Self.receipt(of: newer, in: view) == nil else { continue }
                newer.intents.removeAll { $0 == number }
                newer.state = .broadcast
                put(newer)
            }
            intent.state = .broadcast
            intent.slot = id
            intent.nonce = slot.nonce
            intent.block = nil
            intent.transaction = nil
            put(intent)
            own.append(number)
        }
        slot.intents = own
        slot.state = .broadcast
        put(slot)
    }

    private mutating func include(_ slot: TransactionSlot, _ receipt: ReceiptView, _ view: ChainView, at now: Timestamp)
    {
        var slot = slot
        let isSettled = receipt.inclusion.block <= view.settled
        slot.state = isSettled ? .confirmed(receipt.inclusion) : .mined(receipt.inclusion)
        put(slot)
        clear(.feeCapReached)
        let carried = slot.attempts.first { $0.hash == receipt.inclusion.transaction }?.intents ?? []
        let created = share(receipt, among: carried)
        let isRaced = isSettled && !receipt.succeeded && hasDead(carried, at: receipt.inclusion.block, view)
        for id in slot.allIntents {
            guard var intent = intents[id], intent.slot == slot.id else { continue }
            guard carried.contains(id) else {
                leaveOut(intent, of: slot, receipt, isSettled: isSettled)
                continue
            }
            if isRaced {
                // Those that are dead are done, the rest goes out again.
                replan(&intent)
                put(intent)
                continue
            }
            intent.block = receipt.inclusion.block
            intent.transaction = receipt.inclusion.transaction
            if intent.kind == .create { intent.messages = created[id] ?? [] }
            intent.state = !isSettled ? .mined : receipt.succeeded ? .confirmed : .failed
            if isSettled, !receipt.succeeded {
                intent.error = "the contract reverted transaction \(receipt.inclusion.transaction)"
                raise(.contractReverts, intent.error ?? "", at: now)
                if intent.kind == .create { createFailed(at: now) }
            } else if isSettled {
                check(intent, at: now)
                intent.error = nil
                clear(.contractReverts)
            }
            put(intent)
        }
    }

    /// Whether a transaction was to disable what was dead by then: somebody else was faster (another host, the revoker),
    /// and the contract reverts where a key is disabled twice.
    private func hasDead(_ carried: [Int64], at block: UInt64, _ view: ChainView) -> Bool {
        let messages = Set(carried.compactMap { intents[$0] }.filter { $0.kind == .disable }.flatMap(\.messages))
        // The events of this view are taken in later.
        let fresh = view.events.lazy.filter { $0.kind == .disabled && $0.inclusion.block <= block }.map(\.message)
        return fresh.contains(where: messages.contains)
            || messages.contains { keys[$0].map { ($0.disabledBlock ?? .max) <= block } ?? true }
    }

    /// The messages that each create of a transaction has brought: as many as it asked for, in their order. What is
    /// missing or too much shows at the last.
    private func share(_ receipt: ReceiptView, among carried: [Int64]) -> [Int64: [Bytes32]] {
        var rest = receipt.events.lazy.filter { $0.kind == .created }.map(\.message)[...]
        let creates = carried.filter { intents[$0]?.kind == .create }
        var shares: [Int64: [Bytes32]] = [:]
        for id in creates {
            let count = id == creates.last ? rest.count : intents[id]?.keyCount ?? 0
            shares[id] = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return shares
    }

    /// The chain took an attempt that does not carry out this intent. One that was withdrawn has come to its end by that;
    /// one that came back from another nonce meanwhile is still to be done.
    private mutating func leaveOut(
        _ intent: Intent, of slot: TransactionSlot, _ receipt: ReceiptView, isSettled: Bool
    ) {
        var intent = intent
        intent.block = receipt.inclusion.block
        intent.transaction = receipt.inclusion.transaction
        if intent.kind == .create { intent.messages = [] }
        intent.error = nil
        intent.state = isSettled ? .cancelled : .mined
        if isSettled, slot.intents.contains(intent.id) { replan(&intent) }
        put(intent)
    }

    /// Makes an intent wait for a nonce again.
    private func replan(_ intent: inout Intent) {
        intent.state = .planned
        intent.slot = nil
        intent.nonce = nil
        intent.block = nil
        intent.transaction = nil
    }

    private mutating func missReceipt(of slot: TransactionSlot, _ view: ChainView, at now: Timestamp) {
        var slot = slot
        switch slot.state {
        case .mined, .confirmed:
            slot.state = .broadcast
            put(slot)
            for id in slot.allIntents {
                guard var intent = intents[id], intent.slot == slot.id else { continue }
                intent.state = .broadcast
                intent.block = nil
                intent.transaction = nil
                if case .create = intent.payload { intent.messages = [] }
                put(intent)
            }
        case .signed, .broadcast, .lost: break
        }
        guard let account = view.account, account.settledNonce > slot.nonce else {
            lostSightings[slot.id] = nil
            return
        }
        // The nonce is spent for good and none of ours has a receipt; one lagging endpoint must not decide that.
        lostSightings[slot.id, default: 0] += 1
        guard lostSightings[slot.id, default: 0] >= Self.lostSightingsNeeded else { return }
        lostSightings[slot.id] = nil
        slot.state = .lost(at: view.settled)
        put(slot)
        if !settings.isSharedWallet {
            raise(
                .foreignTransaction,
                "nonce \(slot.nonce) of \(settings.owner) was taken by a transaction this host did not sign", at: now)
        }
        for id in slot.allIntents {
            guard var intent = intents[id], intent.slot == slot.id else { continue }
            if slot.intents.contains(id) { replan(&intent) } else { intent.state = .cancelled }
            put(intent)
        }
    }

    /// A reorg may have un-mined a foreign transaction that does not come back: what was signed for later nonces would
    /// wait for ever.
    mutating func watchGap(at now: Timestamp) {
        let open = slots.values.lazy.filter(\.isOpen).map(\.nonce)
        guard let next = account?.nonce, let first = open.min(), next < first,
            // An endpoint that lags tells an old nonce, one of ours.
            !slots.values.contains(where: { $0.nonce == next && !$0.isLost })
        else { return gap = nil }
        if gap?.nonce != next { gap = (next, now) }
    }
}
