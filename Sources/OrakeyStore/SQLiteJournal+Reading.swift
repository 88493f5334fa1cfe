public import EthereumCore
import GRDB
public import OrakeyCore
public import OrakeyKey

/// What the journal tells.
extension SQLiteJournal {
    public func revocations(of network: NetworkName, by revoker: Address) throws -> RevocationHistory {
        try queue.read { db in try RevocationRow.history(network, revoker, in: db) }
    }

    public func auditHead() throws -> AuditHead? {
        try queue.read { db in try Row.fetchOne(db, sql: "SELECT * FROM audit_head").map(AuditHeadRow.decode) }
    }

    public func auditEntries(after sequence: Int64, limit: Int) throws -> [AuditEntry] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [sequence, limit]
            ).map(AuditRow.decode)
        }
    }

    public func auditEntries(before sequence: Int64?, limit: Int) throws -> [AuditEntry] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM audit WHERE (? IS NULL OR sequence < ?) ORDER BY sequence DESC LIMIT ?",
                arguments: [sequence, sequence, limit]
            ).map(AuditRow.decode)
        }
    }

    /// The whole audit at one moment: its head, and its records one by one, oldest first.
    public func withAudit<T>(_ body: (AuditHead?, () throws -> AuditEntry?) throws -> T) throws -> T {
        do {
            return try queue.read { db in
                let head = try Row.fetchOne(db, sql: "SELECT * FROM audit_head").map(AuditHeadRow.decode)
                let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY sequence")
                return try body(head) { try rows.next().map(AuditRow.decode) }
            }
        } catch let error as DatabaseError {
            // A damaged page, or a table that is not there.
            throw StoreError.unreadable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
    }

    public func alarms(of network: NetworkName) throws -> [Alarm] {
        try queue.read { db in try AlarmRow.all(of: network, in: db) }
    }

    public func lastIdentifier() throws -> Int64 {
        try queue.read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(ifnull((SELECT max(id) FROM intent), 0), ifnull((SELECT max(id) FROM slot), 0),
                    ifnull((SELECT max(id) FROM revocation), 0))
                    """) ?? 0
        }
    }

    public func replies(to key: String) throws -> [IdempotentReply] {
        try queue.read { db in try ReplyRow.all(to: key, in: db) }
    }

    public func keys(after cursor: Int64, limit: Int, state: KeyState?) throws -> [(cursor: Int64, key: KeyRecord)] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM key WHERE id > ? AND (? IS NULL OR state = ?) ORDER BY id LIMIT ?",
                arguments: [cursor, state?.rawValue, state?.rawValue, limit]
            ).map { ($0["id"], try KeyRow.decode($0)) }
        }
    }

    public func unidentified(_ network: NetworkName, limit: Int) throws -> [KeyRecord] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM key WHERE network = ? AND fingerprint IS NULL AND state <> 'orphaned' LIMIT ?",
                arguments: [network.description, limit]
            ).map(KeyRow.decode)
        }
    }

    public func unprovenDisables(_ network: NetworkName, limit: Int) throws -> [KeyRecord] {
        try queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM key WHERE network = ? AND state = 'disabled' AND disabled_tx IS NULL
                    AND created_tx IS NOT NULL ORDER BY message DESC LIMIT ?
                    """,
                arguments: [network.description, limit]
            ).map(KeyRow.decode)
        }
    }

    public func keys(_ network: NetworkName, in state: KeyState) throws -> [KeyRecord] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM key WHERE network = ? AND state = ?",
                arguments: [network.description, state.rawValue]
            ).map(KeyRow.decode)
        }
    }

    public func keyCounts() throws -> [KeyCount] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT network, state, count(*) AS n FROM key GROUP BY network, state ORDER BY network, state"
            ).map { row in
                guard let state = KeyState(rawValue: try row.text("state")) else {
                    throw StoreError.badRow("a key's state")
                }
                return (try row.network("network"), state, Int(try row.integer("n")))
            }
        }
    }

    public func intentCounts() throws -> [IntentCount] {
        try queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT network, kind, state, count(*) AS n FROM intent GROUP BY network, kind, state
                    ORDER BY network, kind, state
                    """
            ).map { row in
                guard let kind = Intent.Kind(rawValue: try row.text("kind")),
                    let state = Intent.State(rawValue: try row.text("state"))
                else { throw StoreError.badRow("an intent's kind or state") }
                return (try row.network("network"), kind, state, Int(try row.integer("n")))
            }
        }
    }

    public func keys(fingerprint: Fingerprint) throws -> [KeyRecord] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM key WHERE fingerprint = ?", arguments: [fingerprint.description]
            ).map(KeyRow.decode)
        }
    }

    public func keys(message: Bytes32) throws -> [KeyRecord] {
        try queue.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM key WHERE message = ?", arguments: [message.blob]).map(
                KeyRow.decode)
        }
    }

    public func intent(_ id: Int64) throws -> (Intent, TransactionSlot?)? {
        try queue.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM intent WHERE id = ?", arguments: [id])
                .map { try IntentRow.withSlot($0, in: db) }
        }
    }

    public func intents(before id: Int64?, limit: Int) throws -> [(Intent, TransactionSlot?)] {
        try queue.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM intent WHERE (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
                arguments: [id, id, limit]
            ).map { try IntentRow.withSlot($0, in: db) }
        }
    }
}
