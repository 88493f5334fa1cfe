import EthereumCore
public import EthereumWallet
import OrakeyKey
import Synchronization

/// Where records go. The log of the service is an ``AuditLog``; tests put something else in its place.
public protocol AuditSink: Sendable {
    /// Makes the records durable, together and in this order, before it returns.
    func append(_ events: [AuditEvent]) throws
}

/// The audit: writes records to the journal, each chained to the one before.
///
/// One lock holds the end of the chain while a commit is under way; the reader of the hot path never takes it.
public final class AuditLog: AuditSink {
    /// How many records are kept, and how many more may gather before the oldest are let go of.
    public struct Retention: Sendable, Equatable {
        public let records: Int64

        public init(records: Int64) { self.records = records }

        public static let usual = Retention(records: 500_000)
        var slack: Int64 { max(1, records / 100) }
    }

    private struct State {
        /// What the journal held at the first look; it may not be readable before.
        var isLoaded = false
        var head = AuditHead.empty
        var first: Int64 = 1
        var epoch: (id: Bytes32, key: SecretBytes)?
        /// A commit has failed, and nobody knows whether it took place: this is what the head would be.
        var attempted: AuditHead?
        var lastAnchors: [NetworkName: (time: Timestamp, sequence: Int64)] = [:]
    }

    /// Numbers that a head may have: more than there will ever be, and none that reckoning overflows with.
    private static let numbers: ClosedRange<Int64> = 0...1 << 53
    /// Seconds between two anchors of a network.
    static let anchorInterval: Int64 = 600

    private let journal: any Journal
    private let clock: any WallClock
    private let retention: Retention
    private let state: Mutex<State>

    public init(journal: any Journal, clock: any WallClock, retention: Retention = .usual) {
        self.journal = journal
        self.clock = clock
        self.retention = retention
        state = Mutex(State())
    }

    private func load(_ state: inout State) throws {
        guard !state.isLoaded else { return }
        let head = try journal.auditHead() ?? .empty
        guard Self.numbers.contains(head.sequence), Self.numbers.contains(head.seal?.sequence ?? 0) else {
            throw AuditError.badHead
        }
        state.head = head
        state.first = try journal.auditEntries(after: 0, limit: 1).first?.sequence ?? 1
        state.isLoaded = true
    }

    /// The end of the chain.
    public var head: AuditHead {
        get throws {
            try state.withLock { state in
                try load(&state)
                return state.head
            }
        }
    }

    public func append(_ events: [AuditEvent]) throws { try append(events, with: []) }

    /// Commits a decision's changes together with the records about it: neither is ever there without the other.
    func append(_ events: [AuditEvent], with changes: [Change]) throws {
        try state.withLock { state in
            try reconcile(&state)
            var events = events + anchors(in: changes, state, isWriting: !events.isEmpty)
            guard !events.isEmpty else { return try journal.commit(changes) }
            let base = try pruning(&state, adding: Int64(events.count))
            if let base { events.append(.pruned(base)) }
            try write(events, &state, with: changes + (base.map { [.auditBase($0)] } ?? []))
            if let base { state.first = base.first }
        }
    }

    private func write(_ events: [AuditEvent], _ state: inout State, with changes: [Change]) throws {
        let now = clock.now
        var head = state.head
        var changes = changes
        for event in events {
            let entry = AuditChain.entry(
                event.body(at: now, requester: Requester.current), after: head, epoch: state.epoch?.id,
                key: state.epoch?.key)
            head = AuditChain.head(head, with: entry, key: state.epoch?.key)
            changes.append(.audit(entry))
            if case .anchor(let network, _, _) = event { state.lastAnchors[network] = (now, entry.sequence) }
        }
        changes.append(.auditHead(head))
        do {
            try journal.commit(changes)
        } catch {
            state.attempted = head
            throw error
        }
        state.head = head
    }

    /// After a failed commit the journal says whether it took place after all. Anything but the head of this run before
    /// or after it is not this run's doing, and is not built upon.
    private func reconcile(_ state: inout State) throws {
        try load(&state)
        guard let attempted = state.attempted else { return }
        let stored = try journal.auditHead() ?? .empty
        guard stored == state.head || stored == attempted else { throw AuditError.changedMeanwhile }
        state.head = stored
        state.attempted = nil
    }

    // MARK: - Epochs

    /// From now on records carry a code of the wallet's. Within a run the first key stays, also while locked.
    public func begin(with auditKey: SecretBytes) {
        var generator = SystemRandomNumberGenerator()
        let id = Bytes32(
            UInt256(generator.next() as UInt64) << 192 | UInt256(generator.next() as UInt64) << 128
                | UInt256(generator.next() as UInt64) << 64 | UInt256(generator.next() as UInt64))
        state.withLock { state in
            guard state.epoch == nil else { return }
            state.epoch = (id, AuditChain.key(of: id, from: auditKey))
        }
    }

    /// Whether the stored end of the chain is what the wallet's holder wrote last: cheap enough for every unlock.
    public func isEndIntact(_ auditKey: SecretBytes) throws -> Bool {
        let head = try self.head
        guard let last = try journal.auditEntries(after: head.sequence - 1, limit: 2).first else {
            return head.sequence == 0
        }
        guard last.code == head.code, last.sequence == head.sequence else { return false }
        guard let seal = head.seal else { return last.epoch == nil }
        let key = AuditChain.key(of: seal.epoch, from: auditKey)
        let sealed = try journal.auditEntries(after: seal.sequence - 1, limit: 1).first
        return seal.tag == AuditChain.tag(sequence: seal.sequence, code: seal.code, key: key)
            && sealed?.code == seal.code
    }

    // MARK: - Anchors and growth

    /// The settled blocks that these changes tell of, where there is something to anchor.
    private func anchors(in changes: [Change], _ state: State, isWriting: Bool) -> [AuditEvent] {
        changes.compactMap { change in
            guard case .cursor(let network, let cursor) = change, let hash = cursor.hash else { return nil }
            if let last = state.lastAnchors[network] {
                // Where the clock has gone back, it tells nothing of how long ago that was.
                let age = clock.now.seconds(since: last.time)
                guard isWriting || state.head.sequence > last.sequence, age < 0 || age >= Self.anchorInterval
                else { return nil }
            }
            return .anchor(network, block: cursor.block, hash: hash)
        }
    }

    /// What to let go of so that the audit keeps its size.
    private func pruning(_ state: inout State, adding count: Int64) throws -> AuditBase? {
        let kept = state.head.sequence + count + 1 - state.first + 1
        guard kept > retention.records + retention.slack else { return nil }
        let first = state.first + kept - retention.records
        guard first > state.first, first <= state.head.sequence,
            let last = try journal.auditEntries(after: first - 2, limit: 1).first, last.sequence == first - 1
        else { return nil }
        return AuditBase(first: first, previous: last.code)
    }
}

/// Why the audit can't go on.
public enum AuditError: Error, Sendable, CustomStringConvertible {
    /// Somebody else wrote to the audit's tables while the service ran.
    case changedMeanwhile
    /// The stored head has a number that no audit reaches.
    case badHead

    public var description: String {
        switch self {
        case .badHead: "the audit's head in the journal was altered: orakey audit verify says what else was"
        case .changedMeanwhile:
            "the audit in the journal is not the one this process wrote: stop orakeyd and run orakey audit verify"
        }
    }
}
