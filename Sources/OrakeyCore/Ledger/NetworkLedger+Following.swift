public import EthereumCore
import OrakeyContract

/// Following the chain: a view comes in, keys and slots move along their tables.
extension NetworkLedger {
    /// The block to scan events from in the next view. A cursor whose hash changed goes back by the reorg horizon, from
    /// itself or from the head of a chain that has become shorter.
    public func scanStart(afterDeepReorg: Bool, head: UInt64 = .max) -> UInt64? {
        guard let cursor else { return nil }
        guard afterDeepReorg else { return cursor.block + 1 }
        let known = min(cursor.block, head)
        return known > Self.reorgHorizon ? known - Self.reorgHorizon : 0
    }

    /// The transactions whose receipts the next view should hold.
    public func watchedTransactions(afterDeepReorg: Bool) -> [Bytes32] {
        slots.values.filter { $0.isOpen || afterDeepReorg }.sorted { $0.nonce < $1.nonce }
            .flatMap { $0.attempts.map(\.hash) }
    }

    /// The hashes of blocks that this ledger has seen.
    var knownBlocks: [UInt64: Bytes32] {
        var blocks: [UInt64: Bytes32] = [:]
        for slot in slots.values {
            switch slot.state {
            case .mined(let inclusion), .confirmed(let inclusion): blocks[inclusion.block] = inclusion.blockHash
            case .signed, .broadcast, .lost: break
            }
        }
        if let cursor, let hash = cursor.hash { blocks[cursor.block] = hash }
        return blocks
    }

    /// Takes the keys that the contract already holds before there is any history: they were not created by this
    /// journal, so they are `recovered` and handed out on an operator's word only.
    ///
    /// - Parameter head: the head at that time.
    public mutating func adopt(_ baseline: Baseline, below head: SeenHead) {
        guard cursor == nil else { return }
        let fresh = baseline.keys.filter { keys[$0.message] == nil }
        if !fresh.isEmpty {
            changes.append(
                .recovered(
                    RecoveredKeys(
                        network: settings.name, owner: settings.owner, block: baseline.block.number, keys: fresh)))
        }
        highestMessage = baseline.keys.map(\.message).max()
        setCursor(Cursor(block: baseline.block.number, hash: baseline.block.hash), seen: head)
    }

    /// Takes a key back into memory that only the journal held, because something is about to happen to it.
    public mutating func load(_ key: KeyRecord) {
        guard keys[key.message] == nil, key.network == settings.name, key.owner == settings.owner else { return }
        keys[key.message] = key
    }

    /// Brings the ledger to what `view` shows, then hands out and plans whatever follows from it.
    public mutating func apply(_ view: ChainView, at now: Timestamp) {
        clear(.chainUnreachable)
        let isDeepReorg = cursor.map { view.scannedFrom <= $0.block } ?? false
        if isDeepReorg {
            deepReorgAt = view.head.number
            raise(
                .deepReorg, "the chain took back settled blocks near \(cursor?.block ?? 0); the keys were read again",
                at: now)
        } else if let block = deepReorgAt, view.settled > block {
            deepReorgAt = nil
            clear(.deepReorg)
        }
        // The same head again is no fresher for being read again.
        if view.head.hash != self.view?.head.hash { freshAt = now }
        self.view = view
        viewedAt = now
        if let account = view.account { note(account, at: now) }
        if isDeepReorg { lowerHighestMessage(toBefore: view.scannedFrom) }
        followSlots(view, isDeepReorg: isDeepReorg, at: now)
        followEvents(view, at: now)
        settle(view, at: now)
        watchGap(at: now)
        // A block whose hash is not known is no place to come back to: its events are read again next time.
        if let hash = view.settledHash, isDeepReorg || view.settled >= cursor?.block ?? 0 {
            setCursor(Cursor(block: view.settled, hash: hash))
        }
        decide(at: now)
    }

    /// Nothing has happened on chain since the last view. That it is as fresh as the chain takes a second witness: an
    /// endpoint that stands still says the same of a chain that goes on.
    public mutating func sawNothingNew(isConfirmed: Bool, at now: Timestamp) {
        viewedAt = now
        if isConfirmed { freshAt = now }
    }

    /// The block `next` is settled, on the chain that the last view has shown, and the cursor's block is too.
    public mutating func advance(to next: Cursor) {
        guard let cursor, next.block > cursor.block, next.block <= view?.head.number ?? 0 else { return }
        setCursor(next)
    }

    /// Everything that follows without a new view: assignments, due rotations, pool, disables.
    public mutating func decide(at now: Timestamp) {
        mendFuture(at: now)
        rememberGraces()
        endCarriedOut()
        watchCaps(at: now)
        retireRemoved(at: now)
        scheduleRotations(at: now)
        assignKeys(at: now)
        planDisables(at: now)
        planCreates(at: now)
        if gap == nil, intents.values.allSatisfy(\.state.isFinal), !slots.values.contains(where: \.isOpen) {
            // Nothing is left to pay for.
            fundsSuffice()
        }
        if settings.isSharedWallet {
            // What another host does with a wallet that is announced as shared was no alarm, and is none any more.
            clear(.foreignDisable)
            clear(.foreignTransaction)
        }
    }

    private mutating func setCursor(_ next: Cursor, seen: SeenHead? = nil) {
        guard cursor?.block != next.block || cursor?.hash != next.hash else { return }
        let seen = view.map { SeenHead(number: $0.head.number, timestamp: $0.head.timestamp) } ?? seen
        let next = Cursor(block: next.block, hash: next.hash, seen: seen)
        cursor = next
        changes.append(.cursor(settings.name, next))
    }

    /// Takes over a fresh look at the balance of an account that nothing was sent from.
    public mutating func note(balance: UInt256, at now: Timestamp) {
        guard let account else { return }
        note(
            AccountView(nonce: account.nonce, settledNonce: account.settledNonce, balance: balance), at: now)
    }

    /// Takes over a fresh look at the account.
    public mutating func note(_ account: AccountView, at now: Timestamp) {
        self.account = account
        if let unpaid, account.balance >= unpaid.balanceNeeded { fundsSuffice() }
        if let level = settings.lowBalance, account.balance < level {
            raise(.lowBalance, "\(settings.owner) holds \(account.balance) wei, below the configured \(level)", at: now)
        } else {
            clear(.lowBalance)
        }
    }

    // MARK: - Events

    private mutating func followEvents(_ view: ChainView, at now: Timestamp) {
        let ours = revokerTransactions.union(slots.values.flatMap { $0.attempts.map(\.hash) })
        let fromReceipts = view.receipts.values.flatMap(\.events)
        var seen = Set<EventPosition>()
        let events = (view.events + fromReceipts).filter { seen.insert(EventPosition($0)).inserted }
            .sorted { ($0.inclusion.block, $0.logIndex) < ($1.inclusion.block, $1.logIndex) }

        forgetUnmined(view, events)
        for event in events {
            switch event.kind {
            case .created: noteCreate(event, isOurs: ours.contains(event.inclusion.transaction), at: now)
            case .disabled: noteDisable(event, isOurs: ours.contains(event.inclusion.transaction), at: now)
            }
        }
    }

    /// What the scanned range held before and holds no more was reorged away.
    private mutating func forgetUnmined(_ view: ChainView, _ events: [KeyEvent]) {
        let created = Set(events.lazy.filter { $0.kind == .created }.map(\.message))
        let disabled = Set(events.lazy.filter { $0.kind == .disabled }.map(\.message))
        for key in Array(keys.values) {
            if let block = key.createdBlock, block >= view.scannedFrom, !created.contains(key.message) {
                if !move(key.message, .createUnmined, { $0.createdBlock = nil }) {
                    var changed = key
                    changed.createdBlock = nil
                    put(changed)
                }
                recall(key.message)
            }
            if let block = key.disabledBlock, block >= view.scannedFrom, !disabled.contains(key.message),
                var changed = keys[key.message]
            {
                changed.state = changed.state.after(.disableUnmined) ?? changed.state
                changed.disabledBlock = nil
                changed.disabledTransaction = nil
                put(changed)
            }
        }
    }

    private mutating func noteCreate(_ event: KeyEvent, isOurs: Bool, at now: Timestamp) {
        if var key = keys[event.message] {
            // The first create is the one that counts.
            if wasIssuedBefore(event.message, in: event.inclusion.transaction) { return }
            if key.createdBlock == nil || key.createdTransaction != event.inclusion.transaction {
                key = rehomed(key, isOurs: isOurs)
            }
            if key.state == .orphaned { key.state = .pending }
            key.createdBlock = event.inclusion.block
            key.createdTransaction = event.inclusion.transaction
            return put(key)
        }
        // Settled long ago and no longer in memory.
        if let highestMessage, event.message <= highestMessage, event.inclusion.block <= cursor?.block ?? 0 { return }
        var key = KeyRecord(
            network: settings.name, owner: settings.owner, message: event.message, state: isOurs ? .pending : .foreign)
        key.createdBlock = event.inclusion.block
        key.createdTransaction = event.inclusion.transaction
        put(key)
    }

    /// Stands as long as there are keys that somebody else made and nobody adopted or revoked; also after a restart.
    private mutating func watchForeignKeys(at now: Timestamp) {
        let foreign = keys.values.filter { $0.state == .foreign && $0.createdBlock != nil }
        guard let first = foreign.min(by: { $0.message < $1.message }), !settings.isSharedWallet else {
            return clear(.foreignCreate)
        }
        raise(
            .foreignCreate,
            "\(foreign.count) keys were created with this wallet by somebody else, the first is \(first.message) in"
                + " transaction \(first.createdTransaction?.hex ?? "unknown"): adopt or revoke them",
            at: now)
    }

    /// The same message in another transaction than before, after a reorg: it may have changed hands.
    private mutating func rehomed(_ key: KeyRecord, isOurs: Bool) -> KeyRecord {
        var key = key
        switch key.state {
        case .pooled where key.createdTransaction == nil, .current where key.createdTransaction == nil,
            .retiring where key.createdTransaction == nil:
            // Recovered and adopted: it was never this host's.
            break
        case .pending, .pooled, .current, .retiring, .orphaned:
            if !isOurs {
                recall(key.message)
                key.state = .foreign
                key.consumer = nil
            }
        case .foreign: if isOurs { key.state = .pending }
        case .disabled where key.disabledTransaction == nil:
            // Revoked before the contract issued it, and found dead then: now it lives, and must die.
            key.state = .disabling
            key.disabledBlock = nil
        case .disabled, .disabling, .recovered: break
        }
        return key
    }

    private mutating func noteDisable(_ event: KeyEvent, isOurs: Bool, at now: Timestamp) {
        guard let key = keys[event.message], key.state != .disabled else { return }
        if key.state != .disabling {
            // Not asked for by this host: out of circulation at once, whoever did it.
            move(event.message, .revoked) {
                if !isOurs { $0.reason = $0.reason ?? "disabled on chain by another host" }
            }
            recall(event.message)
        }
        if !isOurs, !settings.isSharedWallet, key.disabledBlock == nil {
            raise(
                .foreignDisable, "transaction \(event.inclusion.transaction) disabled key \(event.message)", at: now)
        }
        guard var changed = keys[event.message] else { return }
        changed.disabledBlock = event.inclusion.block
        changed.disabledTransaction = event.inclusion.transaction
        put(changed)
    }

    /// Messages of blocks that are read again may be issued again; those below them may not.
    private mutating func lowerHighestMessage(toBefore block: UInt64) {
        let first = keys.values.lazy.filter { $0.createdBlock.map { $0 >= block } ?? false }.map(\.message).min()
        guard let first, let highest = highestMessage, first <= highest, first != .zero else { return }
        highestMessage = Bytes32(UInt256(first) - 1)
    }

    /// Moves keys whose events are deep enough.
    private mutating func settle(_ view: ChainView, at now: Timestamp) {
        defer { watchForeignKeys(at: now) }
        let ripe = keys.values.filter { $0.createdBlock.map { $0 <= view.settled } ?? false }.sorted {
            $0.message < $1.message
        }
        for key in ripe where key.state == .pending {
            guard settings.contract.accepts(key.message), highestMessage.map({ key.message > $0 }) ?? true else {
                noteBadMessage(
                    "the contract issued \(key.message), which is not larger than every earlier message", at: now)
                move(key.message, .createUnmined)
                continue
            }
            move(key.message, .createConfirmed)
            highestMessage = key.message
            if key.consumer != nil {
                // Its create was un-mined while somebody held it. The pool is for keys that nobody has seen.
                move(key.message, .revoked) { $0.reason = $0.reason ?? "handed out before a reorg" }
            }
        }
        for key in ripe where key.state != .pending && key.state != .orphaned {
            if highestMessage.map({ key.message > $0 }) ?? true { highestMessage = key.message }
        }
        for key in Array(keys.values) where key.state == .disabling {
            if let block = key.disabledBlock, block <= view.settled { move(key.message, .disableConfirmed) }
        }
    }
}
