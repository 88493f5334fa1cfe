import EthereumCore

/// How often what happened to keys since the service started, for the metrics.
public struct Tally: Sendable, Equatable {
    /// Keys that gave way to a successor and are valid until their grace is over.
    public private(set) var rotations: UInt64 = 0
    /// Keys taken out of circulation at once, by an operator or because a reorg gave them away.
    public private(set) var revocations: UInt64 = 0

    public init() {}

    /// Counts what a decision has changed in the ledger as it was `before`.
    mutating func count(_ changes: [Change], before: NetworkLedger?) {
        // A row may be written several times within a decision; its last form counts.
        var states: [Bytes32: KeyState] = [:]
        var current: [String: Bytes32] = [:]
        var revoked: [Int64: Set<Bytes32>] = [:]
        for change in changes {
            switch change {
            case .key(let key): states[key.message] = key.state
            case .consumer(let consumer): current[consumer.name] = consumer.current
            // New, or a planned one that a revocation hurries.
            case .intent(let intent)
            where intent.kind == .disable && !(before?.intents[intent.id]?.isUrgent ?? false):
                // One that is planned again is for a key that went out of circulation before.
                let fresh = intent.messages.filter { before?.keys[$0]?.state != .disabling }
                revoked[intent.id] = intent.isUrgent ? Set(fresh) : []
            default: break
            }
        }
        let taken = revoked.values.reduce(into: Set()) { $0.formUnion($1) }
        revocations += UInt64(taken.count)
        rotations += UInt64(
            current.count { name, next in
                guard let old = before?.consumers[name]?.current, old != next, !taken.contains(old) else {
                    return false
                }
                return states[old] == .retiring || states[old] == .disabling
            })
    }
}
