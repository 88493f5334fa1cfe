import EthereumCore
import GRDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One network's part of the database: every key's blocks, and how far the chain was followed.
public struct KeyStore: Sendable {
    private static let loadedAtOnce = 8192

    private let queue: DatabaseQueue
    private let network: Int64

    init(queue: DatabaseQueue, network: Int64) {
        self.queue = queue
        self.network = network
    }

    /// The blocks that were seen, from old to new.
    func marks() throws -> [BlockMark] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT block, hash FROM mark WHERE network = ? ORDER BY block", arguments: [network]
            ).map { row in
                let hash: Data = row["hash"]
                return BlockMark(number: UInt64(bitPattern: row["block"] as Int64), hash: try Bytes32(bytes: hash))
            }
        }
    }

    /// Gives all keys to `body`, some thousands at a time.
    func forEachKeys(_ body: ([KeyChange]) -> Void) throws {
        try read { db in
            let cursor = try Row.fetchCursor(
                db, sql: "SELECT owner, message, created, disabled FROM key WHERE network = ?", arguments: [network])
            var changes: [KeyChange] = []
            while let row = try cursor.next() {
                changes.append(try Self.change(row))
                if changes.count == Self.loadedAtOnce {
                    body(changes)
                    changes.removeAll(keepingCapacity: true)
                }
            }
            body(changes)
        }
    }

    /// Takes events over and says what became of their keys. Taking an event twice changes nothing.
    func take(_ events: [KeyEvent], marks: BlockMarks) throws -> [KeyChange] {
        try write { db in
            let created = try db.cachedStatement(
                sql: """
                    INSERT INTO key (network, owner, message, created) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET created = coalesce(created, excluded.created)
                    RETURNING owner, message, created, disabled
                    """)
            let disabled = try db.cachedStatement(
                sql: """
                    INSERT INTO key (network, owner, message, disabled) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET disabled = coalesce(disabled, excluded.disabled)
                    RETURNING owner, message, created, disabled
                    """)
            var changes: [KeyChange] = []
            for event in events {
                let statement = event.kind == .created ? created : disabled
                let arguments: StatementArguments = [
                    network, Data(event.owner.bytes), Data(event.message.bytes), Int64(bitPattern: event.block),
                ]
                for row in try Row.fetchAll(statement, arguments: arguments) { changes.append(try Self.change(row)) }
            }
            try put(marks, db)
            return changes
        }
    }

    /// Forgets everything above a block, or everything; says what became of the keys that were touched.
    ///
    /// There is no index for this: reading all keys takes a fraction of a second for a million, and happens at a reorg.
    func rewind(to block: UInt64?) throws -> [KeyChange] {
        let limit = block.map { Int64(bitPattern: $0) } ?? -1
        return try write { db in
            var changes: [KeyChange] = []
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    UPDATE key SET created = CASE WHEN created <= ?2 THEN created END,
                        disabled = CASE WHEN disabled <= ?2 THEN disabled END
                    WHERE network = ?1 AND (created > ?2 OR disabled > ?2)
                    RETURNING owner, message, created, disabled
                    """, arguments: [network, limit])
            while let row = try rows.next() { changes.append(try Self.change(row)) }
            try db.execute(
                sql: "DELETE FROM key WHERE network = ? AND created IS NULL AND disabled IS NULL",
                arguments: [network])
            try db.execute(
                sql: "DELETE FROM mark WHERE network = ? AND block > ?", arguments: [network, limit])
            return changes
        }
    }

    private func read<R>(_ body: (Database) throws -> R) throws -> R {
        do { return try queue.read(body) } catch { throw meaning(of: error) }
    }

    private func write<R>(_ body: (Database) throws -> R) throws -> R {
        do { return try queue.write(body) } catch { throw meaning(of: error) }
    }

    /// ``GatewayStoreError/damaged(path:)`` where nothing is to be hoped for from trying again.
    private func meaning(of error: any Error) -> any Error {
        guard let found = error as? DatabaseError, found.isDamage else { return error }
        return GatewayStoreError.damaged(path: queue.path)
    }

    private func put(_ marks: BlockMarks, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM mark WHERE network = ?", arguments: [network])
        let insert = try db.cachedStatement(sql: "INSERT INTO mark (network, block, hash) VALUES (?, ?, ?)")
        for mark in marks.all {
            try insert.execute(arguments: [network, Int64(bitPattern: mark.number), Data(mark.hash.bytes)])
        }
    }

    private static func change(_ row: Row) throws -> KeyChange {
        let created: Int64? = row["created"]
        let disabled: Int64? = row["disabled"]
        let state: KeyTable.State? =
            disabled != nil ? .disabled : created.map { .created(block: UInt64(bitPattern: $0)) }
        guard let owner = try? Address(bytes: row["owner"] as Data),
            let message = try? Bytes32(bytes: row["message"] as Data)
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        return KeyChange(owner: owner, message: message, state: state)
    }
}
