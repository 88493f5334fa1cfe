import EthereumCore

extension NetworkLedger {
    /// Ends the disables whose keys somebody else has disabled (another host, the revoker), once that is settled: also
    /// those that were to wait for the end of a grace period.
    mutating func endCarriedOut() {
        for var intent in Array(intents.values) where intent.kind == .disable && intent.state == .planned {
            guard intent.messages.allSatisfy({ keys[$0].map { $0.state == .disabled } ?? true }) else { continue }
            let last = intent.messages.compactMap { keys[$0] }.max { ($0.disabledBlock ?? 0) < ($1.disabledBlock ?? 0) }
            intent.state = .confirmed
            intent.block = last?.disabledBlock
            intent.transaction = last?.disabledTransaction
            intent.error = nil
            put(intent)
        }
    }
}
