import Synchronization

/// Counts refused requests, so that whoever asks in a loop writes one record a minute and not thousands.
public final class DenialBook: Sendable {
    private struct Case: Hashable {
        let userID: UInt32
        let reason: String
    }

    private struct Entry {
        var count: UInt64
        var processID: Int32
        var executable: String?
        var lastWritten: Timestamp?
    }

    /// Cases told apart; what comes beyond is counted together as the user's ``otherReasons``.
    static let mostCases = 1024
    /// Seconds between two records of one case.
    static let interval: Int64 = 60
    static let otherReasons = "more reasons than are told apart"
    private static let everybody = UInt32.max

    private let entries = Mutex([Case: Entry]())

    public init() {}

    /// Counts one refusal.
    public func count(_ peer: Peer, reason: String) {
        entries.withLock { entries in
            var key = Case(userID: peer.userID, reason: reason)
            if entries[key] == nil, entries.count >= Self.mostCases {
                key = Case(userID: Self.everybody, reason: Self.otherReasons)
            }
            var entry = entries[key] ?? Entry(count: 0, processID: 0)
            entry.count += 1
            entry.processID = peer.processID
            entry.executable = peer.executable
            entries[key] = entry
        }
    }

    /// What is due to be written: a new case at once, a known one after ``interval``. Cases that ended are forgotten.
    func due(at now: Timestamp) -> [AuditEvent.Denied] {
        entries.withLock { entries in
            var due: [AuditEvent.Denied] = []
            for (key, entry) in entries {
                if let last = entry.lastWritten {
                    let age = now.seconds(since: last)
                    guard age < 0 || age >= Self.interval else { continue }
                    if entry.count == 0 {
                        entries[key] = nil
                        continue
                    }
                }
                due.append(
                    AuditEvent.Denied(
                        userID: key.userID, processID: entry.processID, executable: entry.executable,
                        reason: key.reason, count: entry.count))
                entries[key]?.count = 0
                entries[key]?.lastWritten = now
            }
            return due.sorted { ($0.userID, $0.reason) < ($1.userID, $1.reason) }
        }
    }
}
