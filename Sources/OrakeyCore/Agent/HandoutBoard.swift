public import EthereumCore
public import EthereumWallet
public import OrakeyKey
import Synchronization

/// A key as it is handed to a consumer.
public struct Handout: Sendable {
    public let consumer: String
    public let network: NetworkName
    public let owner: Address
    public let message: Bytes32
    public let fingerprint: Fingerprint
    public let generation: UInt64
    public let createdBlock: UInt64?
    /// When the schedule will have ended the key, if there is a schedule.
    public let notAfter: Timestamp?
    /// The key string.
    public let key: SecretBytes
}

/// The keys in circulation, for reading from any thread without waiting for the agent.
///
/// The agent writes here within the decision that changes a key, so a reply to a revocation is never earlier than the
/// end of the hand-out.
public final class HandoutBoard: Sendable {
    /// What a reader finds.
    public enum Answer: Sendable {
        case key(Handout)
        /// The wallet is locked.
        case locked
        /// The consumer has no key yet.
        case noKey
        /// The view of the chain is older than the configuration allows.
        case stale
    }

    /// What a watcher is told.
    public enum Event: Sendable {
        case key(Handout)
        case revoked(consumer: String, network: NetworkName, fingerprint: Fingerprint, message: Bytes32)
        case locked
        /// Another policy is in force: who watches may have lost the right to.
        case policyChanged
    }

    private struct Slot: Hashable {
        let consumer: String
        let network: String
    }

    private struct State {
        var isLocked = true
        var handouts: [Slot: Handout] = [:]
        /// When the view of a network becomes too old to hand out its keys.
        var freshUntil: [String: Timestamp] = [:]
        var watchers: [Int: @Sendable (Event) -> Void] = [:]
        var lastWatcher = 0
    }

    private let state = Mutex(State())
    private let clock: any WallClock

    public init(clock: any WallClock = SystemWallClock()) { self.clock = clock }

    /// The key of a consumer.
    public func read(consumer: String, network: String) -> Answer {
        state.withLock { state in
            if state.isLocked { return .locked }
            if let end = state.freshUntil[network], clock.now > end { return .stale }
            return state.handouts[Slot(consumer: consumer, network: network)].map { .key($0) } ?? .noKey
        }
    }

    public var isLocked: Bool { state.withLock { $0.isLocked } }

    /// Whether the board can serve anyone: locked, without any key, or with one.
    public var hasKeys: Bool { state.withLock { !$0.handouts.isEmpty } }

    public var isAnyStale: Bool {
        state.withLock { state in
            let now = clock.now
            return state.freshUntil.values.contains { now > $0 }
        }
    }

    /// Calls `watcher` at every change from now on; returns the number that ends it. The watcher must not block.
    public func watch(_ watcher: @escaping @Sendable (Event) -> Void) -> Int {
        state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = watcher
            return state.lastWatcher
        }
    }

    public func endWatch(_ number: Int) { state.withLock { _ = $0.watchers.removeValue(forKey: number) } }

    /// Has every watcher's rights looked at anew. To be called once the new policy is in force.
    public func announcePolicy() {
        let watchers = state.withLock { Array($0.watchers.values) }
        watchers.forEach { $0(.policyChanged) }
    }

    public var handouts: [Handout] {
        state.withLock { Array($0.handouts.values) }.sorted {
            ($0.consumer, $0.network.description) < ($1.consumer, $1.network.description)
        }
    }

    // MARK: - Written by the agent

    func lock() {
        let watchers = state.withLock { state in
            state.isLocked = true
            state.handouts = [:]
            return Array(state.watchers.values)
        }
        watchers.forEach { $0(.locked) }
    }

    func unlock() { state.withLock { $0.isLocked = false } }

    /// The keys of a network are handed out until then; nil for ever. The time decides at each reading.
    func setFreshUntil(_ network: NetworkName, _ end: Timestamp?) {
        state.withLock { $0.freshUntil[network.description] = end }
    }

    /// Puts up a key in the place of the consumer's former one. Watchers are not told of the same key with another end.
    func publish(_ handout: Handout) {
        let slot = Slot(consumer: handout.consumer, network: handout.network.description)
        let watchers = state.withLock { state in
            let former = state.handouts.updateValue(handout, forKey: slot)
            return former?.message == handout.message ? [] : Array(state.watchers.values)
        }
        watchers.forEach { $0(.key(handout)) }
    }

    /// Takes keys down; their consumers have none until the next ``publish(_:)``.
    func withdraw(network: NetworkName, where condition: (Handout) -> Bool) {
        let (gone, watchers) = state.withLock { state in
            let gone = state.handouts.filter { $0.value.network == network && condition($0.value) }
            for slot in gone.keys { state.handouts[slot] = nil }
            return (Array(gone.values), Array(state.watchers.values))
        }
        for handout in gone {
            let event = Event.revoked(
                consumer: handout.consumer, network: handout.network, fingerprint: handout.fingerprint,
                message: handout.message)
            watchers.forEach { $0(event) }
        }
    }
}
