/// What a caller waits for: that intents end, and that keys are replaced and the disable of them, which is not planned
/// before, ends as well; all of it only as far as it falls due by a certain time.
public struct Vigil: Sendable {
    private let horizon: Timestamp
    private var open: Set<Int64> = []
    private var awaited: Set<KeyAgent.AwaitedKey>
    /// Whether all that has ended was confirmed.
    public private(set) var isGood = true
    /// Intents that were planned for the awaited keys meanwhile.
    public private(set) var found: [Int64] = []

    init(for intents: [Intent], awaiting keys: [KeyAgent.AwaitedKey], until horizon: Timestamp) {
        self.horizon = horizon
        awaited = Set(keys)
        for intent in intents { take(intent) }
    }

    /// Whether there is nothing left to wait for. After a failure no successor is to be expected.
    public var isOver: Bool { open.isEmpty && (awaited.isEmpty || !isGood) }

    mutating func note(_ intent: Intent) {
        if open.contains(intent.id) {
            guard intent.state.isFinal else { return }
            open.remove(intent.id)
            if intent.state != .confirmed { isGood = false }
        } else if intent.kind == .disable {
            let keys = intent.messages.map { KeyAgent.AwaitedKey(network: intent.network, message: $0) }
            guard !awaited.isDisjoint(with: keys) else { return }
            awaited.subtract(keys)
            found.append(intent.id)
            take(intent)
        }
    }

    /// A key that is neither in use nor on its way out has ended in another way; one that is on its way has an intent.
    mutating func note(_ key: KeyRecord) {
        switch key.state {
        case .current, .retiring, .disabling: break
        case .pending, .pooled, .disabled, .orphaned, .foreign, .recovered:
            awaited.remove(KeyAgent.AwaitedKey(network: key.network, message: key.message))
        }
    }

    private mutating func take(_ intent: Intent) {
        if !intent.state.isFinal {
            if intent.notBefore <= horizon { open.insert(intent.id) }
        } else if intent.state != .confirmed {
            isGood = false
        }
    }
}
