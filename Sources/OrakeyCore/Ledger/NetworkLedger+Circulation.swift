public import EthereumCore
import OrakeyConfig

/// Who holds which key: assignment, rotation, revocation.
extension NetworkLedger {
    /// Keys that were never handed to anyone, oldest first.
    public var pool: [Bytes32] { keys.values.lazy.filter { $0.state == .pooled }.map(\.message).sorted() }

    /// The key a consumer is to be given.
    public func currentKey(of consumer: String) -> KeyRecord? {
        guard let message = consumers[consumer]?.current, let key = keys[message], key.state == .current else {
            return nil
        }
        return key
    }

    // MARK: - Assignment

    /// Gives every configured consumer that lacks a key, or waits for a new one, the next of the pool.
    mutating func assignKeys(at now: Timestamp) {
        var pool = self.pool[...]
        for name in consumerSettings.keys.sorted() {
            guard var consumer = consumers[name] else { continue }
            if consumer.current == nil, let next = pool.popFirst() {
                assign(next, to: &consumer, at: now)
            } else if let grace = consumer.pendingRotation, let next = pool.popFirst() {
                replaceKey(of: &consumer, with: next, grace: grace, at: now)
            }
        }
    }

    private mutating func assign(_ message: Bytes32, to consumer: inout ConsumerRecord, at now: Timestamp) {
        consumer.generation += 1
        consumer.current = message
        consumer.pendingRotation = nil
        let (name, generation) = (consumer.name, consumer.generation)
        move(message, .assigned) {
            $0.consumer = name
            $0.generation = generation
            $0.assignedAt = now
        }
        put(consumer)
    }

    /// Hands out `next` and retires the current key; its disable waits until the grace is over.
    @discardableResult
    private mutating func replaceKey(
        of consumer: inout ConsumerRecord, with next: Bytes32, grace: Int64, at now: Timestamp
    ) -> Intent? {
        let old = consumer.current
        assign(next, to: &consumer, at: now)
        guard let old else { return nil }
        let end = now.adding(seconds: grace)
        guard move(old, .replaced, { $0.notAfter = end }) else { return nil }
        return plan(.disable([old]), urgent: false, notBefore: end, at: now)
    }

    /// Takes a key away from its consumer, which gets another as soon as there is one.
    mutating func recall(_ message: Bytes32) {
        for var consumer in consumers.values where consumer.current == message {
            consumer.current = nil
            consumer.pendingRotation = nil
            put(consumer)
        }
    }

    // MARK: - Rotation

    /// What a rotation or revocation set in motion.
    public struct Outcome: Sendable, Equatable {
        /// Intents to wait for.
        public var intents: [Int64] = []
        /// Messages of the keys concerned: the new ones of a rotation, the dead ones of a revocation.
        public var messages: [Bytes32] = []
        /// Messages of the keys that go as soon as there is a successor.
        public var awaiting: [Bytes32] = []
    }

    /// Replaces the key of `consumer`: at once when the pool has one, else as soon as a create confirms.
    public mutating func rotate(_ name: String, grace: Int64?, at now: Timestamp) -> Outcome {
        guard var consumer = consumers[name], let settings = consumerSettings[name] else { return Outcome() }
        // A rotation that still waits has promised an end of the old key already: a later one may only bring it forward.
        let asked = grace ?? settings.grace.components.seconds
        let grace = min(asked, consumer.pendingRotation ?? asked)
        var outcome = Outcome()
        if let next = pool.first {
            if let intent = replaceKey(of: &consumer, with: next, grace: grace, at: now) {
                outcome.intents.append(intent.id)
            }
            outcome.messages.append(next)
            planCreates(at: now)
        } else {
            if let old = consumer.current {
                consumer.pendingRotation = grace
                outcome.awaiting.append(old)
            }
            put(consumer)
            createNotBefore = nil
            planCreates(at: now)
            outcome.intents += openCreates.map(\.id)
        }
        return outcome
    }

    /// Keeps in the journal what a consumer is promised, for when the configuration does not say it any more.
    mutating func rememberGraces() {
        for (name, settings) in consumerSettings {
            guard var consumer = consumers[name] else { continue }
            consumer.grace = settings.grace.components.seconds
            put(consumer)
        }
    }

    /// Retires the keys of consumers that are configured no longer.
    mutating func retireRemoved(at now: Timestamp) {
        for var consumer in consumers.values.sorted(by: { $0.name < $1.name })
        where consumerSettings[consumer.name] == nil {
            guard let old = consumer.current else { continue }
            let grace = consumer.grace ?? ConsumerSection.defaultGrace.components.seconds
            let end = now.adding(seconds: grace)
            consumer.current = nil
            consumer.pendingRotation = nil
            put(consumer)
            guard move(old, .replaced, { $0.notAfter = end }) else { continue }
            _ = planDisable([old], urgent: false, notBefore: end, at: now)
        }
    }

    /// Rotates consumers whose schedule says so; one that already waits is left alone. While the wallet is locked nobody
    /// could get the successor before the grace of the old key is over, so the schedule waits.
    mutating func scheduleRotations(at now: Timestamp) {
        guard !isLocked else { return }
        for (name, settings) in consumerSettings.sorted(by: { $0.key < $1.key }) {
            guard let every = settings.rotateEvery, let key = currentKey(of: name),
                consumers[name]?.pendingRotation == nil,
                let due = key.rotationDue(every: every.components.seconds), now >= due
            else { continue }
            _ = rotate(name, grace: nil, at: now)
        }
    }

    // MARK: - Creation on demand

    /// Plans `count` new keys, split by the contract's batch limit.
    public mutating func create(count: Int, at now: Timestamp) -> Outcome {
        createNotBefore = nil
        return Outcome(intents: planCreate(count: count, at: now).map(\.id))
    }

    // MARK: - Revocation

    /// Takes keys out of circulation for good and plans their urgent disable. Keys already dying or dead are named in
    /// the outcome with the intent that sees to them, if it is still open.
    public mutating func revoke(_ messages: [Bytes32], reason: String?, at now: Timestamp) -> Outcome {
        var outcome = Outcome()
        var fresh: [Bytes32] = []
        for message in messages {
            if keys[message] == nil {
                // Seen nowhere, yet signed by this wallet: the chain decides whether it exists.
                put(KeyRecord(network: settings.name, owner: settings.owner, message: message, state: .foreign))
            }
            guard let state = keys[message]?.state else { continue }
            outcome.messages.append(message)
            if state == .disabling {
                outcome.intents += hasten(message, at: now)
                continue
            }
            guard move(message, .revoked, { $0.reason = reason ?? $0.reason }) else { continue }
            recall(message)
            // A retiring key's disable is planned already; it need not wait for the end of the grace period any more.
            let planned = hasten(message, at: now)
            outcome.intents += planned
            if planned.isEmpty { fresh.append(message) }
        }
        outcome.intents += planDisable(fresh, urgent: true, notBefore: now, at: now).map(\.id)
        assignKeys(at: now)
        planCreates(at: now)
        var seen = Set<Int64>()
        outcome.intents = outcome.intents.filter { seen.insert($0).inserted }
        return outcome
    }

    /// Makes the open disable of a message urgent; returns the intents that carry it.
    private mutating func hasten(_ message: Bytes32, at now: Timestamp) -> [Int64] {
        let carrying = intents.values.filter {
            !$0.state.isFinal && $0.kind == .disable && $0.messages.contains(message)
        }
        for var intent in carrying {
            intent.isUrgent = true
            intent.notBefore = min(intent.notBefore, now)
            put(intent)
            if let id = intent.slot, var slot = slots[id], slot.isOpen {
                slot.isUrgent = true
                put(slot)
            }
        }
        return carrying.map(\.id).sorted()
    }
}
