public import EthereumCore
public import OrakeyConfig
import OrakeyContract
public import OrakeyKey

/// The way of a transaction to the chain, one journaled step at a time.
extension NetworkLedger {
    /// The next free nonce: after everything the chain has counted and everything this journal has signed.
    public var nextNonce: UInt64? {
        guard let account else { return nil }
        let signed = slots.values.lazy.filter { !$0.isLost }.map { $0.nonce + 1 }.max() ?? 0
        return max(account.nonce, signed)
    }

    /// Binds planned intents to a nonce with the first signed attempt. Commit this before the bytes leave the host.
    public mutating func bind(
        _ ids: [Int64], nonce: UInt64, callData: [UInt8], gasLimit: UInt64, attempt: Attempt
    ) -> TransactionSlot? {
        let bound = ids.compactMap { intents[$0] }
        guard bound.count == ids.count, bound.allSatisfy({ $0.state == .planned }), nonce == nextNonce else {
            return nil
        }
        let slot = TransactionSlot(
            id: nextIdentifier(), network: settings.name, nonce: nonce, callData: callData, gasLimit: gasLimit,
            isUrgent: attempt.isUrgent, attempts: [attempt], intents: ids)
        put(slot)
        headAtOffer[slot.id] = view?.head.number
        for var intent in bound {
            intent.state = .signed
            intent.slot = slot.id
            intent.nonce = nonce
            intent.error = nil
            put(intent)
        }
        fundsSuffice()
        clear(.contractReverts)
        return slot
    }

    /// The call that carries out these bound intents of one kind; empty when nothing of them is left to do.
    func callData(carrying ids: [Int64]) throws -> [UInt8] {
        let carried = ids.compactMap { intents[$0] }
        switch carried.first?.payload {
        case nil: return []
        case .create: return try settings.contract.encodeCreate(count: carried.reduce(0) { $0 + $1.keyCount })
        case .setRevoker(let revoker): return try settings.contract.encodeSetRevoker(revoker)
        case .disable:
            var seen = Set<Bytes32>()
            let messages = carried.flatMap(\.messages).filter {
                keys[$0].map { $0.state != .disabled && $0.disabledBlock == nil } ?? false && seen.insert($0).inserted
            }
            return messages.isEmpty ? [] : try settings.contract.encodeDisable(messages)
        }
    }

    /// Takes a nonce that nobody's transaction has. Commit this before the bytes leave the host.
    public mutating func fill(_ nonce: UInt64, gasLimit: UInt64, with attempt: Attempt) -> TransactionSlot? {
        guard gap?.nonce == nonce else { return nil }
        gap = nil
        let slot = TransactionSlot(
            id: nextIdentifier(), network: settings.name, nonce: nonce, callData: [], gasLimit: gasLimit,
            isUrgent: attempt.isUrgent, attempts: [attempt], intents: [])
        put(slot)
        headAtOffer[slot.id] = view?.head.number
        return slot
    }

    /// Adds a replacement with better fees, for the same call or for an amended one. Commit this before the bytes leave
    /// the host.
    public mutating func replace(_ id: Int64, with attempt: Attempt, callData: [UInt8]) -> TransactionSlot? {
        guard var slot = slots[id], slot.isOpen else { return nil }
        if case .mined = slot.state { return nil }
        slot.attempts.append(attempt)
        slot.callData = callData
        slot.state = .signed
        hastened.remove(id)
        put(slot)
        headAtOffer[slot.id] = view?.head.number
        clear(.feeCapReached)
        note(slot.allIntents.filter { intents[$0]?.slot == id }, error: nil)
        return slot
    }

    /// An endpoint has (or already had) the newest attempt.
    public mutating func sent(_ id: Int64, _ hash: Bytes32, at now: Timestamp) {
        guard var slot = slots[id], let index = slot.attempts.firstIndex(where: { $0.hash == hash }) else { return }
        slot.attempts[index].sentAt = now
        fundsSuffice()
        if slot.state == .signed { slot.state = .broadcast }
        put(slot)
        for id in slot.intents {
            guard var intent = intents[id], intent.state == .signed else { continue }
            intent.state = .broadcast
            put(intent)
        }
    }

    /// An endpoint refused the newest attempt, or nobody knows whether it arrived. Nothing is taken back: the same
    /// bytes go out again, or others at the same nonce.
    public mutating func sendingFailed(_ id: Int64, reason: String, at now: Timestamp) {
        guard let slot = slots[id] else { return }
        for id in slot.intents {
            guard var intent = intents[id], !intent.state.isFinal else { continue }
            intent.error = reason
            put(intent)
        }
    }

    /// Where the caps leave no room for the better offer that a transaction needs, only another configuration helps: an
    /// alarm and the same bytes again, no questions about the price of gas.
    mutating func watchCaps(at now: Timestamp) {
        let capped = slots.values.filter { $0.isOpen && !$0.isMined && !hasRoom($0) }
        let stuck = capped.filter { wantsBetterOffer($0, at: now) }.sorted { $0.nonce < $1.nonce }
        for slot in stuck {
            note(
                slot.allIntents.filter { intents[$0]?.slot == slot.id },
                error: "nonce \(slot.nonce) waits at the configured fee caps")
        }
        if let slot = stuck.first {
            raise(
                .feeCapReached,
                "nonce \(slot.nonce) waits at the configured caps of \(settings.fees.maxFee) wei per gas and"
                    + " \(settings.fees.maxTip) wei of tip; raise fees.max_fee_gwei or fees.max_tip_gwei",
                at: now)
        } else if capped.isEmpty {
            clear(.feeCapReached)
        }
    }

    /// Intents that wait for money.
    struct Unpaid: Sendable {
        let intents: [Int64]
        /// In wei.
        let balanceNeeded: UInt256
    }

    /// The account can't pay yet: the intents wait.
    public mutating func cannotPay(_ ids: [Int64], needed: UInt256, at now: Timestamp) {
        let balance = account?.balance ?? 0
        // An endpoint also counts what else of the account waits in its pool: then any more is worth another try.
        unpaid = Unpaid(intents: ids, balanceNeeded: max(needed, balance.saturatingAdd(1)))
        raise(
            .insufficientFunds,
            "\(settings.owner) needs \(needed) wei for gas and holds \(balance); send funds to it", at: now)
        note(ids, error: "insufficient funds for gas: \(needed) wei needed")
    }

    /// The account holds enough again, whatever else its intents wait for.
    mutating func fundsSuffice() {
        guard alarms[.insufficientFunds] != nil else { return }
        clear(.insufficientFunds)
        note(unpaid?.intents ?? [], error: nil)
        unpaid = nil
    }

    /// The contract would revert the call, so nothing was signed. Disables wait and try again; a create has failed.
    public mutating func refused(_ ids: [Int64], reason: String, at now: Timestamp) {
        raise(.contractReverts, "the contract refuses the call: \(reason)", at: now)
        for id in ids {
            guard var intent = intents[id], intent.state == .planned else { continue }
            intent.error = reason
            switch intent.payload {
            case .create, .setRevoker:
                intent.state = .failed
            case .disable:
                intent.notBefore = now.adding(seconds: Self.refusalPause)
            }
            put(intent)
        }
        if ids.contains(where: { if case .create = intents[$0]?.payload { true } else { false } }) {
            createFailed(at: now)
        }
    }

    /// Nothing is left to disable: the goal was reached by somebody else.
    public mutating func alreadyDone(_ ids: [Int64]) {
        for id in ids {
            guard var intent = intents[id], intent.state == .planned else { continue }
            intent.state = .confirmed
            intent.error = nil
            put(intent)
        }
    }

    mutating func note(_ ids: [Int64], error: String?) {
        for id in ids {
            guard var intent = intents[id], !intent.state.isFinal else { continue }
            intent.error = error
            put(intent)
        }
    }

    /// The chain says that these keys are not active, though no event of this host's made them so.
    public mutating func foundDead(_ messages: [Bytes32], at now: Timestamp) {
        let settled = view?.settled
        for message in messages where keys[message]?.disabledBlock == nil {
            move(message, .disableConfirmed) {
                $0.disabledBlock = settled
                $0.reason = $0.reason ?? "found inactive on chain"
            }
            recall(message)
        }
    }

    /// Keys that somebody may be using or may be given, all of them settled.
    public var messagesInUse: [Bytes32] {
        keys.values.lazy.filter {
            ($0.state == .pooled || $0.state.isInCirculation) && ($0.createdBlock ?? 0) <= view?.settled ?? 0
        }.map(\.message).sorted()
    }

    /// The contract says that keys in use are dead, and no event has told so: an endpoint has left one out.
    public mutating func foundDeadInUse(_ messages: [Bytes32], at now: Timestamp) {
        let dead = messages.filter { keys[$0]?.state == .pooled || keys[$0]?.state.isInCirculation ?? false }
        guard let first = dead.first else { return }
        foundDead(dead, at: now)
        if !settings.isSharedWallet {
            raise(.foreignDisable, "the contract says that key \(first) is disabled; no event told so", at: now)
        }
        decide(at: now)
    }

    /// The chain says that keys which are recorded as disabled are active: they must die.
    public mutating func foundAlive(_ messages: [Bytes32], at now: Timestamp) {
        for message in messages {
            guard var key = keys[message], key.state == .disabled, key.disabledTransaction == nil else { continue }
            key.state = .disabling
            key.disabledBlock = nil
            put(key)
        }
        decide(at: now)
    }

    /// Fingerprints that became known because the wallet was unlocked.
    public mutating func identify(_ fingerprints: [(Bytes32, Fingerprint)]) {
        for (message, fingerprint) in fingerprints {
            guard var key = keys[message], key.fingerprint == nil else { continue }
            key.fingerprint = fingerprint
            put(key)
        }
    }

    /// Remembers the reply to a call with an `Idempotency-Key`, in the same commit as what the call decided.
    public mutating func remember(_ reply: IdempotentReply) { changes.append(.reply(reply)) }

    /// Lets go of replies that have lasted long enough, on whatever networks they are.
    public mutating func forgetReplies(beyond retention: ReplyRetention, at now: Timestamp) {
        changes.append(.oldReplies(retention, at: now))
    }

    /// Takes over settings that were read anew.
    public mutating func reconfigure(_ settings: NetworkProfile, consumers: [ConsumerSection]) {
        self.settings = settings
        consumerSettings = Dictionary(uniqueKeysWithValues: consumers.map { ($0.name, $0) })
        for name in consumerSettings.keys where self.consumers[name] == nil {
            put(ConsumerRecord(network: settings.name, name: name))
        }
    }
}
