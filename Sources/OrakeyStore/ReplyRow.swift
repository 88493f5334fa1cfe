import EthereumCore
import GRDB
import OrakeyCore
import OrakeyKey

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Replies to calls with an `Idempotency-Key`, one row a network.
enum ReplyRow {
    static func all(to key: String, in db: Database) throws -> [IdempotentReply] {
        try Row.fetchAll(db, sql: "SELECT * FROM reply WHERE key = ? ORDER BY network", arguments: [key]).map(decode)
    }

    static func save(_ reply: IdempotentReply, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO reply (key, network, request, intents, fingerprints, awaiting, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                reply.key, reply.network.description, reply.request.blob, reply.intents.list,
                reply.fingerprints.joined(separator: ","), Data(reply.awaiting.flatMap(\.bytes)),
                reply.createdAt.milliseconds,
            ])
    }

    /// Notes which operations have ended since the last look, all of their networks together, and deletes what has lasted.
    static func forget(beyond retention: ReplyRetention, at now: Timestamp, in db: Database) throws {
        // A key that waits for its successor has no intent yet: the key itself says whether it is over.
        try db.execute(
            sql: """
                UPDATE reply SET ended_at = ? WHERE ended_at IS NULL AND key NOT IN (
                    SELECT r.key FROM reply AS r WHERE r.ended_at IS NULL AND (
                        EXISTS (
                            SELECT 1 FROM json_each('[' || r.intents || ']') AS part JOIN intent AS i ON i.id = part.value
                            WHERE i.state NOT IN ('confirmed', 'failed', 'cancelled'))
                        OR length(r.awaiting) > 0 AND EXISTS (
                            SELECT 1 FROM key AS k WHERE k.state IN ('current', 'retiring', 'disabling')
                            AND k.network = r.network AND instr(r.awaiting, k.message) > 0)))
                """, arguments: [now.milliseconds])
        let end = now.adding(seconds: -retention.seconds).milliseconds
        try db.execute(
            sql: """
                DELETE FROM reply WHERE key IN (
                    SELECT key FROM reply WHERE ended_at <= ?
                    UNION SELECT key FROM (
                        SELECT key FROM reply WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?))
                AND key NOT IN (SELECT key FROM reply ORDER BY id DESC LIMIT ?)
                """, arguments: [end, retention.most, retention.fewest])
    }

    static func decode(_ row: Row) throws -> IdempotentReply {
        IdempotentReply(
            key: try row.text("key"), network: try row.network("network"), request: try row.requiredBytes32("request"),
            intents: try row.identifiers("intents"),
            fingerprints: try row.text("fingerprints").split(separator: ",").map(String.init),
            awaiting: try row.messages("awaiting"),
            createdAt: Timestamp(milliseconds: try row.integer("created_at")))
    }
}
