/// A clock that is set to another time changes nobody's promises.
extension NetworkLedger {
    /// The clock was set by `delta` milliseconds while the service ran: deadlines and ages move along, so that a grace
    /// period lasts as long as it was promised to.
    mutating func clockMoved(by delta: Int64) {
        for var key in Array(keys.values) where !key.state.isEnded {
            key.assignedAt = key.assignedAt?.moved(by: delta)
            key.notAfter = key.notAfter?.moved(by: delta)
            put(key)
        }
        for var intent in Array(intents.values) where !intent.state.isFinal {
            intent.createdAt = intent.createdAt.moved(by: delta)
            intent.notBefore = intent.notBefore.moved(by: delta)
            put(intent)
        }
        for var slot in Array(slots.values) where slot.isOpen {
            for index in slot.attempts.indices {
                slot.attempts[index].signedAt = slot.attempts[index].signedAt.moved(by: delta)
                slot.attempts[index].sentAt = slot.attempts[index].sentAt?.moved(by: delta)
            }
            put(slot)
        }
        viewedAt = viewedAt?.moved(by: delta)
        freshAt = freshAt?.moved(by: delta)
        createNotBefore = createNotBefore?.moved(by: delta)
        if let gap { self.gap = (gap.nonce, gap.since.moved(by: delta)) }
    }

    /// Nothing was promised in the future. What seems so was written before the clock was set back while the service was
    /// down: it counts from now, and what was to follow keeps its distance.
    mutating func mendFuture(at now: Timestamp) {
        for var intent in Array(intents.values) where !intent.state.isFinal && intent.createdAt > now {
            let delta = now.milliseconds - intent.createdAt.milliseconds
            intent.createdAt = now
            intent.notBefore = intent.notBefore.moved(by: delta)
            put(intent)
            for message in intent.kind == .disable ? intent.messages : [] {
                guard var key = keys[message], key.state == .retiring else { continue }
                key.notAfter = intent.notBefore
                put(key)
            }
        }
        for var key in Array(keys.values) where key.state == .current {
            guard let assignedAt = key.assignedAt, assignedAt > now else { continue }
            key.assignedAt = now
            put(key)
        }
    }
}
