import EthereumCore

extension NetworkLedger {
    /// Disables that somebody other than the owner's account carried out, and that are settled.
    mutating func carriedOut(_ ids: [Int64]) {
        for id in ids {
            guard var intent = intents[id], intent.state == .planned else { continue }
            let last = intent.messages.compactMap { keys[$0] }.max { ($0.disabledBlock ?? 0) < ($1.disabledBlock ?? 0) }
            intent.state = .confirmed
            intent.block = last?.disabledBlock
            intent.transaction = last?.disabledTransaction
            intent.error = nil
            put(intent)
        }
    }
}
