public import EthereumCore
import GRDB
import Glibc
public import OrakeyKey

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the gateway knows of the chain, in SQLite. Nothing secret is in it, and all of it can be read from the chain
/// again: a damaged file is set aside and replaced.
public final class GatewayDatabase: Sendable {
    /// `PRAGMA application_id`: "ORAG".
    private static let applicationID: Int32 = 0x4F52_4147
    private static let schemaVersion = 1

    let queue: DatabaseQueue
    /// Where a damaged file was put that stood in this one's place.
    public let setAside: String?

    /// Opens or creates the database at `path`.
    ///
    /// - Throws: ``GatewayStoreError``.
    public init(path: String) throws {
        do {
            (queue, setAside) = (try Self.open(path), nil)
        } catch let error as DatabaseError where error.isDamage {
            let aside = path + ".corrupt"
            for suffix in ["", "-wal", "-shm"] { unsafe rename(path + suffix, aside + suffix) }
            (queue, setAside) = (try Self.open(path), aside)
        } catch let error as DatabaseError {
            throw GatewayStoreError.unusable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
    }

    /// Closes the database.
    public func close() throws { try queue.close() }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // What a crash may lose is read from the chain again.
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in
            let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard tables == 0 || application == applicationID else { throw GatewayStoreError.foreignFile(path: path) }
            guard version <= schemaVersion else {
                throw GatewayStoreError.newerSchema(path: path, found: version, known: schemaVersion)
            }
            if tables == 0 { try createTables(db) }
            // Damage that a later read would meet is met now, while the file can still be replaced.
            guard try String.fetchOne(db, sql: "PRAGMA quick_check(1)") == "ok" else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
        }
        return queue
    }

    private static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE network (
                    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, chain_id TEXT NOT NULL,
                    contract BLOB NOT NULL CHECK (length(contract) = 20), first_block INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE key (
                    network INTEGER NOT NULL, owner BLOB NOT NULL CHECK (length(owner) = 20),
                    message BLOB NOT NULL CHECK (length(message) = 32), created INTEGER, disabled INTEGER,
                    PRIMARY KEY (network, owner, message)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE mark (
                    network INTEGER NOT NULL, block INTEGER NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32),
                    PRIMARY KEY (network, block)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE usage (
                    day TEXT NOT NULL, network TEXT NOT NULL, owner BLOB NOT NULL CHECK (length(owner) = 20),
                    model TEXT NOT NULL, requests INTEGER NOT NULL, failures INTEGER NOT NULL,
                    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
                    bytes_out INTEGER NOT NULL, milliseconds INTEGER NOT NULL,
                    PRIMARY KEY (day, network, owner, model)
                ) STRICT, WITHOUT ROWID;
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(schemaVersion);
                """)
    }

    /// A network's part. Rows of another deployment, or of one that was followed from a later block, are dropped: they
    /// say nothing about this one.
    public func keys(
        of network: NetworkName, chainID: UInt64, contract: Address, firstBlock: UInt64
    ) throws -> KeyStore {
        let id = try queue.write { db -> Int64 in
            if let row = try Row.fetchOne(
                db, sql: "SELECT id, chain_id, contract, first_block FROM network WHERE name = ?",
                arguments: [network.description])
            {
                let id: Int64 = row["id"]
                let (chain, address, first): (String, Data, Int64) = (
                    row["chain_id"], row["contract"], row["first_block"]
                )
                let isSame = chain == "\(chainID)" && address == Data(contract.bytes)
                if isSame, first <= Int64(clamping: firstBlock) { return id }
                for table in ["key", "mark"] {
                    try db.execute(sql: "DELETE FROM \(table) WHERE network = ?", arguments: [id])
                }
                try db.execute(sql: "DELETE FROM network WHERE id = ?", arguments: [id])
            }
            try db.execute(
                sql: "INSERT INTO network (name, chain_id, contract, first_block) VALUES (?, ?, ?, ?)",
                arguments: [
                    network.description, "\(chainID)", Data(contract.bytes), Int64(clamping: firstBlock),
                ])
            return db.lastInsertedRowID
        }
        return KeyStore(queue: queue, network: id)
    }
}

extension DatabaseError {
    /// Whether no later try can bring anything else.
    var isDamage: Bool { [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(resultCode.primaryResultCode) }
}

/// Why the gateway's database can't be used.
public enum GatewayStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    case newerSchema(path: String, found: Int, known: Int)
    case foreignFile(path: String)
    case unusable(path: String, reason: String)
    case damaged(path: String)

    public var description: String {
        switch self {
        case .newerSchema(let path, let found, let known):
            "\(path) has schema \(found), this program knows \(known): install the newer orakey-gateway again, or start with an empty state directory"
        case .foreignFile(let path): "\(path) is not a database of orakey-gateway: choose another state directory"
        case .unusable(let path, let reason):
            "\(path) can't be opened for writing (\(reason)): look at the disk's free space and health, and at the folder's owner"
        case .damaged(let path):
            "\(path) was damaged while it was in use: look at the disk's health, and start orakey-gateway again; it sets the file aside and reads the chain anew"
        }
    }
}
