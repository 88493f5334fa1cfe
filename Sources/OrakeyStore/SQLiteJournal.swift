public import EthereumCore
import GRDB
public import OrakeyCore
public import OrakeyKey
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The journal in an SQLite database: WAL, `synchronous=FULL`, one connection.
///
/// Nothing secret is in it: keys are rebuilt from wallet and message, and signed transactions are public once sent.
public final class SQLiteJournal: Journal {
    let path: String
    private let opened = Mutex<DatabaseQueue?>(nil)

    /// Opens, creates or upgrades the database at `path`. A damaged one is set aside and begun anew, with an alarm in it:
    /// keys are rebuilt from wallet and chain, and none that somebody may have had is handed out unasked.
    /// - Throws: ``StoreError``.
    public convenience init(path: String) throws {
        self.init(lazilyAt: path)
        _ = try queue
    }

    /// Opens the database when it is used, and tries again each time until that succeeds.
    public init(lazilyAt path: String) { self.path = path }

    var queue: DatabaseQueue {
        get throws {
            try opened.withLock { opened in
                if let opened { return opened }
                let queue: DatabaseQueue
                do {
                    queue = try Self.open(path)
                } catch StoreError.corrupt {
                    let evidence = try Self.setAside(path)
                    queue = try Self.open(path)
                    try queue.write { try AlarmRow.saveDamage(path, evidence, in: $0) }
                }
                opened = queue
                return queue
            }
        }
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        try JournalReplacement.finish(at: path)
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try check(queue, path: path)
            return queue
        } catch let error as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode.primaryResultCode)
        {
            throw StoreError.corrupt(path: path)
        } catch let error as DatabaseError {
            throw StoreError.unusable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
    }

    /// Opens a journal that another process may be writing, for reading only.
    public init(reading path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        self.path = path
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let (application, version) = try queue.read { db in
                (
                    try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
                    try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
                )
            }
            guard application == Schema.applicationID else { throw StoreError.foreignFile(path: path) }
            guard version == Schema.latest else {
                throw StoreError.otherSchema(path: path, found: version, known: Schema.latest)
            }
            opened.withLock { $0 = queue }
        } catch let error as DatabaseError {
            throw StoreError.unreadable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
    }

    /// Closes the database; the write-ahead log is folded into it.
    public func close() throws { try opened.withLock { try $0?.close() } }

    private static func check(_ queue: DatabaseQueue, path: String) throws {
        let (application, version, tables) = try queue.read { db in
            (
                try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0,
                try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            )
        }
        if application != Schema.applicationID, tables > 0 || application != 0 {
            throw StoreError.foreignFile(path: path)
        }
        guard version <= Schema.latest else {
            throw StoreError.newerSchema(path: path, found: version, known: Schema.latest)
        }
        if tables > 0 {
            let verdict = try queue.read { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") }
            guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        }
        try queue.write { db in
            for (index, migrate) in Schema.migrations.enumerated() where index >= version { try migrate(db) }
            try db.execute(
                sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = \(Schema.latest)")
        }
    }

    /// Moves a damaged database out of the way with its log, so that nothing overwrites the evidence.
    private static func setAside(_ path: String) throws -> String {
        var target = path + ".corrupt"
        var number = 1
        while access(target, F_OK) == 0 {
            number += 1
            target = "\(path).corrupt-\(number)"
        }
        guard rename(path, target) == 0 else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        for suffix in ["-wal", "-shm"] { rename(path + suffix, target + suffix) }
        return target
    }

    // MARK: - Journal

    public func owner(of network: NetworkName) throws -> Address? {
        try queue.read { db in
            try Data32.address(
                try [UInt8].fetchBlob(db, "SELECT owner FROM network WHERE name = ?", [network.description]))
        }
    }

    public func bind(_ network: NetworkName, owner: Address, chainID: UInt64, contract: Address) throws {
        try queue.write { db in
            if let row = try Row.fetchOne(
                db, sql: "SELECT owner, chain_id, contract FROM network WHERE name = ?",
                arguments: [network.description])
            {
                let same =
                    row.bytes("owner") == owner.bytes && row.bytes("contract") == contract.bytes
                    && row["chain_id"] == Int64(bitPattern: chainID)
                guard same else { throw StoreError.otherDeployment(network: network.description) }
                return
            }
            try db.execute(
                sql: "INSERT INTO network (name, owner, chain_id, contract) VALUES (?, ?, ?, ?)",
                arguments: [network.description, owner.blob, Int64(bitPattern: chainID), contract.blob])
        }
    }

    public func restore(_ network: NetworkName, owner: Address) throws -> NetworkSnapshot {
        try queue.read { db in
            var snapshot = NetworkSnapshot()
            let name = network.description
            if let row = try Row.fetchOne(
                db, sql: "SELECT cursor_block, cursor_hash, seen_block, seen_time FROM network WHERE name = ?",
                arguments: [name]), let block = row.unsigned("cursor_block")
            {
                let seen = row.unsigned("seen_block").flatMap { number in
                    row.unsigned("seen_time").map { SeenHead(number: number, timestamp: $0) }
                }
                snapshot.cursor = Cursor(block: block, hash: try row.bytes32("cursor_hash"), seen: seen)
            }
            let horizon = (snapshot.cursor?.block).map { $0 > 128 ? Int64($0 - 128) : 0 } ?? 0
            // Settled creates, and what the contract held at the beginning; not what was revoked before it existed.
            snapshot.highestMessage = try Data32.bytes32(
                try [UInt8].fetchBlob(
                    db,
                    """
                    SELECT max(message) FROM key WHERE network = ? AND owner = ? AND state NOT IN ('pending', 'orphaned')
                    AND (created_block <= ? OR (created_block IS NULL AND reason IS NULL AND state <> 'disabling'))
                    """, [name, owner.blob, Int64(bitPattern: snapshot.cursor?.block ?? 0)]))
            snapshot.keys = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM key WHERE network = ? AND owner = ? AND state <> 'recovered'
                    AND (state <> 'disabled' OR disabled_block >= ? OR ? IS NULL OR message > ?)
                    """,
                arguments: [
                    name, owner.blob, horizon, snapshot.highestMessage?.blob, snapshot.highestMessage?.blob,
                ]
            ).map(KeyRow.decode)
            snapshot.slots = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM slot WHERE network = ?
                    AND (state IN ('signed', 'broadcast', 'mined') OR (state IN ('confirmed', 'lost') AND block >= ?))
                    """, arguments: [name, horizon]
            ).map { try SlotRow.decode($0, in: db) }
            let watched = snapshot.slots.flatMap(\.allIntents)
            snapshot.intents = try Row.fetchAll(
                db,
                sql: "SELECT * FROM intent WHERE network = ? AND state NOT IN ('confirmed', 'failed', 'cancelled')",
                arguments: [name]
            ).map(IntentRow.decode)
            let open = Set(snapshot.intents.map(\.id))
            for id in watched where !open.contains(id) {
                if let row = try Row.fetchOne(db, sql: "SELECT * FROM intent WHERE id = ?", arguments: [id]) {
                    snapshot.intents.append(try IntentRow.decode(row))
                }
            }
            snapshot.consumers = try Row.fetchAll(
                db, sql: "SELECT * FROM consumer WHERE network = ?", arguments: [name]
            ).map(ConsumerRow.decode)
            snapshot.alarms = try AlarmRow.all(of: network, in: db)
            return snapshot
        }
    }

    public func commit(_ changes: [Change]) throws {
        try queue.write { db in
            for change in changes {
                switch change {
                case .key(let key): try KeyRow.save(key, in: db)
                case .intent(let intent): try IntentRow.save(intent, in: db)
                case .slot(let slot): try SlotRow.save(slot, in: db)
                case .consumer(let consumer): try ConsumerRow.save(consumer, in: db)
                case .cursor(let network, let cursor):
                    try db.execute(
                        sql: """
                            UPDATE network SET cursor_block = ?, cursor_hash = ?, seen_block = ?, seen_time = ? WHERE name = ?
                            """,
                        arguments: [
                            Int64(bitPattern: cursor.block), cursor.hash?.blob,
                            cursor.seen.map { Int64(bitPattern: $0.number) },
                            cursor.seen.map { Int64(bitPattern: $0.timestamp) }, network.description,
                        ])
                case .reply(let reply): try ReplyRow.save(reply, in: db)
                case .oldReplies(let retention, let now): try ReplyRow.forget(beyond: retention, at: now, in: db)
                case .recovered(let recovered): try KeyRow.save(recovered, in: db)
                case .revocation(let revocation): try RevocationRow.save(revocation, in: db)
                case .audit(let entry): try AuditRow.save(entry, in: db)
                case .auditHead(let head): try AuditHeadRow.save(head, in: db)
                case .auditBase(let base):
                    try db.execute(sql: "DELETE FROM audit WHERE sequence < ?", arguments: [base.first])
                case .alarm(let network, let alarm): try AlarmRow.save(alarm, of: network, in: db)
                case .alarmOver(let network, let code): try AlarmRow.delete(code, of: network, in: db)
                }
            }
        }
    }
}
