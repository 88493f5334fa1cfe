import EthereumCore

/// What the contract issues is believed only as far as it can be checked.
extension NetworkLedger {
    /// Looks at what a settled create has brought. A contract that breaks its promises is not paid for more of the same
    /// at once: the next create that nobody asked for waits, as after one that failed.
    mutating func check(_ intent: Intent, at now: Timestamp) {
        guard case .create(let count) = intent.payload else { return }
        if let again = intent.messages.first(where: { wasIssuedBefore($0, intent) }) {
            noteBadMessage("intent \(intent.id) was given the message \(again), which had been issued before", at: now)
        } else if intent.messages.count != count || Set(intent.messages).count != count {
            noteBadMessage(
                "intent \(intent.id) asked for \(count) keys, the contract issued \(Set(intent.messages).count)",
                at: now)
        } else {
            createFailures = 0
            createNotBefore = nil
            clear(.badMessage)
        }
    }

    mutating func noteBadMessage(_ text: String, at now: Timestamp) {
        raise(.badMessage, text, at: now)
        createFailed(at: now)
    }

    private func wasIssuedBefore(_ message: Bytes32, _ intent: Intent) -> Bool {
        wasIssuedBefore(message, in: intent.transaction)
            // Slots are followed by nonce: what these say is as new as the view.
            || intents.values.contains {
                $0.id != intent.id && $0.kind == .create && $0.messages.contains(message)
                    && ($0.nonce ?? .max, $0.id) < (intent.nonce ?? 0, intent.id)
            }
    }

    /// Whether a message belongs to a key of an earlier block than those in view, of another transaction.
    func wasIssuedBefore(_ message: Bytes32, in transaction: Bytes32?) -> Bool {
        guard let key = keys[message], key.createdTransaction != transaction, let start = view?.scannedFrom else {
            return false
        }
        // After a deep reorg the contract may rightly issue again what was recovered.
        if key.state == .recovered, deepReorgAt == nil { return true }
        return key.createdBlock.map { $0 < start } ?? false
    }
}
