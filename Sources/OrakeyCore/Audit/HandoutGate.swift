import OrakeyKey
import Synchronization

/// Remembers which process was given which key, so that only the first hand-out has to wait for the audit. Repeats are
/// counted here and written once a second.
///
/// Called for each request, on the event loop: one lock, one look-up, no allocation for a known process.
public final class HandoutGate: Sendable {
    /// What a hand-out may do.
    public enum Admission: Sendable, Equatable {
        /// It is counted; go on.
        case counted
        /// The process was never given this key: record that first.
        case first
        /// The audit can't be written.
        case closed
    }

    /// Which process has which key. A process is named by a number that no other has, not by its pid.
    private struct Holder: Hashable {
        let fingerprint: Fingerprint
        let process: UInt64
        let userID: UInt32

        init(_ handout: Handout, _ peer: Peer) {
            fingerprint = handout.fingerprint
            process = peer.process
            userID = peer.userID
        }
    }

    private struct Known {
        let handed: AuditEvent.Handed
        var count: UInt64 = 0
        /// Turns without a hand-out.
        var quietTurns = 0
    }

    private struct State {
        var known: [Holder: Known] = [:]
        var isClosed = false
    }

    /// Processes that are remembered; beyond that, those that were quiet for longest are recorded anew.
    static let mostKnown = 16_384
    /// Turns of a second after which a quiet process is forgotten.
    static let forgottenAfter = 600
    /// The most that one record lists.
    static let mostPerRecord = 256

    private let state = Mutex(State())

    public init() {}

    /// Counts a hand-out, or says why it can't take place yet.
    public func admit(_ handout: Handout, to peer: Peer) -> Admission {
        let holder = Holder(handout, peer)
        return state.withLock { state in
            // A first hand-out is a record of its own: it may find that the audit can be written again.
            guard let index = state.known.index(forKey: holder) else { return .first }
            if state.isClosed { return .closed }
            state.known.values[index].count += 1
            return .counted
        }
    }

    /// Whether the process was given this key before.
    public func knows(_ handout: Handout, _ peer: Peer) -> Bool {
        let holder = Holder(handout, peer)
        return state.withLock { $0.known[holder] != nil }
    }

    /// The first hand-out was recorded, or need not be.
    func remember(_ handout: Handout, _ peer: Peer) {
        let holder = Holder(handout, peer)
        state.withLock { state in
            if state.known.count >= Self.mostKnown { state.known = state.known.filter { $0.value.count > 0 } }
            if state.known.count >= Self.mostKnown { return }
            state.known[holder] = Known(handed: AuditEvent.Handed(handout, to: peer))
        }
    }

    /// Stops hand-out, or lets it go on.
    func setClosed(_ isClosed: Bool) { state.withLock { $0.isClosed = isClosed } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// What was counted since the last turn, as records. The caller writes them or gives the counts back.
    func turn() -> [AuditEvent] {
        let counted = state.withLock { state in
            var counted: [(handed: AuditEvent.Handed, count: UInt64)] = []
            var forgotten: [Holder] = []
            for index in state.known.indices {
                let known = state.known.values[index]
                if known.count > 0 {
                    counted.append((known.handed, known.count))
                    state.known.values[index].count = 0
                    state.known.values[index].quietTurns = 0
                } else {
                    state.known.values[index].quietTurns += 1
                    if known.quietTurns >= Self.forgottenAfter { forgotten.append(state.known.keys[index]) }
                }
            }
            for holder in forgotten { state.known[holder] = nil }
            return counted
        }
        let sorted = counted.sorted {
            ($0.handed.consumer, $0.handed.processID) < ($1.handed.consumer, $1.handed.processID)
        }
        return stride(from: 0, to: sorted.count, by: Self.mostPerRecord).map {
            .repeated(Array(sorted[$0..<min($0 + Self.mostPerRecord, sorted.count)]))
        }
    }
}
