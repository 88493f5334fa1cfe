import EthereumCore
import GRDB
import OrakeyCore

enum AuditRow {
    static func save(_ entry: AuditEntry, in db: Database) throws {
        // Never a replacement: a record that is there already was not written by this process.
        try db.execute(
            sql: "INSERT INTO audit (sequence, epoch, body, code) VALUES (?, ?, ?, ?)",
            arguments: [
                entry.sequence, entry.epoch?.blob, String(decoding: entry.body, as: UTF8.self), entry.code.blob,
            ])
    }

    static func decode(_ row: Row) throws -> AuditEntry {
        AuditEntry(
            sequence: try row.integer("sequence"), epoch: try row.bytes32("epoch"),
            body: Array(try row.text("body").utf8), code: try row.requiredBytes32("code"))
    }
}

enum AuditHeadRow {
    static func save(_ head: AuditHead, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO audit_head (id, sequence, code, sealed_sequence, sealed_code, sealed_epoch,
                    sealed_tag)
                VALUES (1, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                head.sequence, head.code.blob, head.seal?.sequence, head.seal?.code.blob, head.seal?.epoch.blob,
                head.seal?.tag.blob,
            ])
    }

    static func decode(_ row: Row) throws -> AuditHead {
        var seal: AuditHead.Seal?
        let sealed: Int64? = row["sealed_sequence"]
        if let sealed {
            seal = AuditHead.Seal(
                sequence: sealed, code: try row.requiredBytes32("sealed_code"),
                epoch: try row.requiredBytes32("sealed_epoch"), tag: try row.requiredBytes32("sealed_tag"))
        }
        return AuditHead(sequence: try row.integer("sequence"), code: try row.requiredBytes32("code"), seal: seal)
    }
}
