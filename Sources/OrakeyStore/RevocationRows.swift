import EthereumCore
import GRDB
import OrakeyCore
import OrakeyKey

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

enum RevocationRow {
    /// Ended transactions whose events may still be seen.
    static let mostRecent = 64

    static func save(_ revocation: Revocation, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO revocation (id, network, revoker, nonce, messages, gas_limit, state, block,
                    block_hash, tx)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                revocation.id, revocation.network.description, revocation.revoker.blob,
                Int64(bitPattern: revocation.nonce), Data(revocation.messages.flatMap(\.bytes)),
                Int64(bitPattern: revocation.gasLimit), revocation.state.rawValue,
                revocation.inclusion.map { Int64(bitPattern: $0.block) }, revocation.inclusion?.blockHash.blob,
                revocation.inclusion?.transaction.blob,
            ])
        for (position, attempt) in revocation.attempts.enumerated() {
            let fees: (maxFee: String?, tip: String?, gasPrice: String?) =
                switch attempt.fees {
                case .dynamic(let maxFee, let tip): (maxFee.description, tip.description, nil)
                case .legacy(let gasPrice): (nil, nil, gasPrice.description)
                }
            try db.execute(
                sql: """
                    INSERT INTO revocation_attempt (revocation, position, hash, raw, max_fee, tip, gas_price, signed_at,
                        sent_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (revocation, position) DO UPDATE SET sent_at = excluded.sent_at
                    """,
                arguments: [
                    revocation.id, position, attempt.hash.blob, Data(attempt.raw), fees.maxFee, fees.tip,
                    fees.gasPrice, attempt.signedAt.milliseconds, attempt.sentAt?.milliseconds,
                ])
        }
    }

    static func history(_ network: NetworkName, _ revoker: Address, in db: Database) throws -> RevocationHistory {
        let name = network.description
        let open = try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM revocation WHERE network = ? AND revoker = ? AND state IN ('open', 'mined')
                ORDER BY nonce DESC LIMIT 1
                """, arguments: [name, revoker.blob]
        ).map { try decode($0, in: db) }
        let last = try Int64.fetchOne(
            db, sql: "SELECT max(nonce) FROM revocation WHERE network = ? AND revoker = ? AND state <> 'lost'",
            arguments: [name, revoker.blob])
        let recent = try Row.fetchAll(
            db,
            sql: """
                SELECT hash FROM revocation_attempt WHERE revocation IN
                    (SELECT id FROM revocation WHERE network = ? ORDER BY id DESC LIMIT ?)
                """, arguments: [name, mostRecent]
        ).map { try $0.requiredBytes32("hash") }
        return RevocationHistory(
            open: open, nextNonce: last.map { UInt64(bitPattern: $0) + 1 } ?? 0, recent: recent)
    }

    private static func decode(_ row: Row, in db: Database) throws -> Revocation {
        let id = try row.integer("id")
        let raw = row.bytes("messages") ?? []
        guard let state = Revocation.State(rawValue: try row.text("state")), raw.count % 32 == 0,
            let revoker = try Data32.address(row.bytes("revoker")), let nonce = row.unsigned("nonce"),
            let gasLimit = row.unsigned("gas_limit")
        else { throw StoreError.badRow("a revocation") }
        let attempts = try Row.fetchAll(
            db, sql: "SELECT * FROM revocation_attempt WHERE revocation = ? ORDER BY position", arguments: [id]
        ).map(attempt)
        var inclusion: TransactionSlot.Inclusion?
        if let block = row.unsigned("block") {
            inclusion = .init(
                block: block, blockHash: try row.requiredBytes32("block_hash"),
                transaction: try row.requiredBytes32("tx"))
        }
        return Revocation(
            id: id, network: try row.network("network"), revoker: revoker, nonce: nonce,
            messages: try stride(from: 0, to: raw.count, by: 32).map { try Bytes32(bytes: raw[$0..<$0 + 32]) },
            gasLimit: gasLimit, state: state, attempts: attempts, inclusion: inclusion)
    }

    private static func attempt(_ row: Row) throws -> Attempt {
        let fees: FeeOffer
        if let gasPrice = try row.wei("gas_price") {
            fees = .legacy(gasPrice: gasPrice)
        } else if let maxFee = try row.wei("max_fee"), let tip = try row.wei("tip") {
            fees = .dynamic(maxFee: maxFee, tip: tip)
        } else {
            throw StoreError.badRow("the fees of a revocation")
        }
        let sentAt: Int64? = row["sent_at"]
        return Attempt(
            hash: try row.requiredBytes32("hash"), raw: row.bytes("raw") ?? [], fees: fees, isUrgent: true, intents: [],
            signedAt: Timestamp(milliseconds: try row.integer("signed_at")),
            sentAt: sentAt.map { Timestamp(milliseconds: $0) })
    }
}
