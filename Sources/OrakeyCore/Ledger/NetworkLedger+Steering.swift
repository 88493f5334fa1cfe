public import EthereumCore

/// What an operator may do with intents under way.
extension NetworkLedger {
    /// Why an intent can't be steered.
    public enum Refusal: Error, Sendable, Equatable {
        case unknown
        /// It has ended, or is in a block.
        case tooLate(Intent.State)
        /// A revocation is final; its disable is never withdrawn.
        case final
        /// The alarm's cause is still there.
        case stands
        /// A retiring key's grace is still running.
        case notDue(Timestamp)
        /// The create of a foreign key may still be reorged away.
        case unsettled
        /// No key of this kind can be adopted.
        case notAdoptable(KeyState)
    }

    /// Makes an intent urgent: it need not wait any longer, and one under way is replaced with a better offer.
    public mutating func speedUp(_ id: Int64, at now: Timestamp) throws(Refusal) {
        guard var intent = intents[id] else { throw .unknown }
        switch intent.state {
        case .planned, .signed, .broadcast: break
        case .mined, .confirmed, .failed, .cancelled: throw .tooLate(intent.state)
        }
        // A retiring key's grace was promised to its consumer; only what is due may hurry.
        guard !isGraceRunning(for: intent, at: now) else { throw .notDue(intent.notBefore) }
        intent.isUrgent = true
        if intent.kind != .disable { intent.notBefore = min(intent.notBefore, now) }
        put(intent)
        guard let number = intent.slot, var slot = slots[number], slot.isOpen else { return }
        slot.isUrgent = true
        put(slot)
        hastened.insert(number)
        watchCaps(at: now)
    }

    /// Withdraws an intent: at once while nothing is signed, else by a transaction at the same nonce that does what else
    /// the slot was to do, or nothing. The chain decides which of the two it takes.
    public mutating func cancel(_ id: Int64, at now: Timestamp) throws(Refusal) {
        guard var intent = intents[id] else { throw .unknown }
        guard intent.kind != .disable else { throw .final }
        switch intent.state {
        case .planned:
            intent.state = .cancelled
            put(intent)
        case .signed, .broadcast:
            guard let number = intent.slot, var slot = slots[number] else { throw .unknown }
            slot.intents.removeAll { $0 == id }
            put(slot)
            watchCaps(at: now)
        case .mined, .confirmed, .failed, .cancelled: throw .tooLate(intent.state)
        }
    }

    /// Takes keys that this journal did not create into the pool, on an operator's word.
    public mutating func adopt(_ message: Bytes32, at now: Timestamp) throws(Refusal) {
        guard let key = keys[message] else { throw .unknown }
        guard isSettledForAdoption(key) else { throw .unsettled }
        guard key.disabledBlock == nil, move(message, .adopted) else { throw .notAdoptable(key.state) }
        assignKeys(at: now)
    }

    /// Whether a reorg can't take the key's create away any more; a recovered key was settled when it was read.
    func isSettledForAdoption(_ key: KeyRecord) -> Bool {
        guard key.state == .foreign else { return true }
        guard let block = key.createdBlock, let settled = view?.settled else { return false }
        return block <= settled
    }

    /// An operator has taken note of something that has happened.
    public mutating func acknowledge(_ code: Alarm.Code) throws(Refusal) {
        guard alarms[code] != nil else { throw .unknown }
        guard code.isRemembered else { throw .stands }
        clear(code)
    }

    /// Plans the appointment of a revoker; the zero address withdraws it.
    public mutating func setRevoker(_ revoker: Address, at now: Timestamp) -> Outcome {
        Outcome(intents: [plan(.setRevoker(revoker), urgent: false, notBefore: now, at: now).id])
    }
}
