import EthereumCore
import GRDB
import OrakeyCore
import OrakeyKey

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

enum KeyRow {
    static func save(_ key: KeyRecord, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO key (network, owner, message, fingerprint, consumer, state, generation, created_block,
                    created_tx, disabled_block, disabled_tx, reason, not_after, assigned_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (network, owner, message) DO UPDATE SET fingerprint = excluded.fingerprint,
                    consumer = excluded.consumer, state = excluded.state, generation = excluded.generation,
                    created_block = excluded.created_block, created_tx = excluded.created_tx,
                    disabled_block = excluded.disabled_block, disabled_tx = excluded.disabled_tx,
                    reason = excluded.reason, not_after = excluded.not_after, assigned_at = excluded.assigned_at
                """,
            arguments: [
                key.network.description, key.owner.blob, key.message.blob, key.fingerprint?.description, key.consumer,
                key.state.rawValue, key.generation.map { Int64(bitPattern: $0) },
                key.createdBlock.map { Int64(bitPattern: $0) }, key.createdTransaction?.blob,
                key.disabledBlock.map { Int64(bitPattern: $0) }, key.disabledTransaction?.blob, key.reason,
                key.notAfter?.milliseconds, key.assignedAt?.milliseconds,
            ])
    }

    static func save(_ recovered: RecoveredKeys, in db: Database) throws {
        let insert = try db.makeStatement(
            sql: """
                INSERT OR IGNORE INTO key (network, owner, message, state, disabled_block) VALUES (?, ?, ?, ?, ?)
                """)
        let (network, owner) = (recovered.network.description, recovered.owner.blob)
        for (message, isActive) in recovered.keys {
            try insert.execute(arguments: [
                network, owner, message.blob, (isActive ? KeyState.recovered : .disabled).rawValue,
                isActive ? nil : Int64(bitPattern: recovered.block),
            ])
        }
    }

    static func decode(_ row: Row) throws -> KeyRecord {
        guard let state = KeyState(rawValue: try row.text("state")), let owner = try Data32.address(row.bytes("owner"))
        else {
            throw StoreError.badRow("a key")
        }
        var key = KeyRecord(
            network: try row.network("network"), owner: owner, message: try row.requiredBytes32("message"), state: state
        )
        let fingerprint: String? = row["fingerprint"]
        key.fingerprint = try fingerprint.map { try Fingerprint(parsing: $0) }
        key.consumer = row["consumer"]
        key.generation = row.unsigned("generation")
        key.createdBlock = row.unsigned("created_block")
        key.createdTransaction = try row.bytes32("created_tx")
        key.disabledBlock = row.unsigned("disabled_block")
        key.disabledTransaction = try row.bytes32("disabled_tx")
        key.reason = row["reason"]
        let notAfter: Int64? = row["not_after"]
        key.notAfter = notAfter.map { Timestamp(milliseconds: $0) }
        let assignedAt: Int64? = row["assigned_at"]
        key.assignedAt = assignedAt.map { Timestamp(milliseconds: $0) }
        return key
    }
}

enum IntentRow {
    static func save(_ intent: Intent, in db: Database) throws {
        var count: Int?
        var revoker: Data?
        switch intent.payload {
        case .create(let number): count = number
        case .disable: break
        case .setRevoker(let address): revoker = address.blob
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO intent (id, network, kind, state, count, revoker, messages, urgent, not_before,
                    created_at, slot, nonce, block, tx, error)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                intent.id, intent.network.description, intent.kind.rawValue, intent.state.rawValue, count, revoker,
                Data(intent.messages.flatMap(\.bytes)), intent.isUrgent, intent.notBefore.milliseconds,
                intent.createdAt.milliseconds, intent.slot, intent.nonce.map { Int64(bitPattern: $0) },
                intent.block.map { Int64(bitPattern: $0) }, intent.transaction?.blob, intent.error,
            ])
    }

    static func decode(_ row: Row) throws -> Intent {
        let messages = try row.messages("messages")
        let payload: Intent.Payload
        switch Intent.Kind(rawValue: try row.text("kind")) {
        case .create: payload = .create(count: Int(try row.integer("count")))
        case .disable: payload = .disable(messages)
        case .setRevoker:
            guard let revoker = try Data32.address(row.bytes("revoker")) else { throw StoreError.badRow("an intent") }
            payload = .setRevoker(revoker)
        case .deploy, nil: throw StoreError.badRow("an intent's kind")
        }
        guard let state = Intent.State(rawValue: try row.text("state")) else {
            throw StoreError.badRow("an intent's state")
        }
        var intent = Intent(
            id: try row.integer("id"), network: try row.network("network"), payload: payload,
            isUrgent: try row.integer("urgent") != 0,
            notBefore: Timestamp(milliseconds: try row.integer("not_before")),
            createdAt: Timestamp(milliseconds: try row.integer("created_at")))
        intent.state = state
        intent.messages = messages
        intent.slot = row["slot"]
        intent.nonce = row.unsigned("nonce")
        intent.block = row.unsigned("block")
        intent.transaction = try row.bytes32("tx")
        intent.error = row["error"]
        return intent
    }

    static func withSlot(_ row: Row, in db: Database) throws -> (Intent, TransactionSlot?) {
        let intent = try decode(row)
        guard let id = intent.slot,
            let slot = try Row.fetchOne(db, sql: "SELECT * FROM slot WHERE id = ?", arguments: [id])
        else { return (intent, nil) }
        return (intent, try SlotRow.decode(slot, in: db))
    }
}

enum SlotRow {
    static func save(_ slot: TransactionSlot, in db: Database) throws {
        let (state, block, inclusion) = columns(of: slot.state)
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO slot (id, network, nonce, call_data, gas_limit, urgent, state, block, block_hash,
                    tx, intents)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                slot.id, slot.network.description, Int64(bitPattern: slot.nonce), Data(slot.callData),
                Int64(bitPattern: slot.gasLimit), slot.isUrgent, state, block.map { Int64(bitPattern: $0) },
                inclusion?.blockHash.blob, inclusion?.transaction.blob, slot.intents.list,
            ])
        for (position, attempt) in slot.attempts.enumerated() {
            let fees: (maxFee: String?, tip: String?, gasPrice: String?) =
                switch attempt.fees {
                case .dynamic(let maxFee, let tip): (maxFee.description, tip.description, nil)
                case .legacy(let gasPrice): (nil, nil, gasPrice.description)
                }
            try db.execute(
                sql: """
                    INSERT INTO attempt (slot, position, hash, raw, max_fee, tip, gas_price, urgent, intents, signed_at,
                        sent_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (slot, position)
                    DO UPDATE SET signed_at = excluded.signed_at, sent_at = excluded.sent_at
                    """,
                arguments: [
                    slot.id, position, attempt.hash.blob, Data(attempt.raw), fees.maxFee, fees.tip, fees.gasPrice,
                    attempt.isUrgent, attempt.intents.list, attempt.signedAt.milliseconds,
                    attempt.sentAt?.milliseconds,
                ])
        }
    }

    private static func columns(of state: TransactionSlot.State) -> (String, UInt64?, TransactionSlot.Inclusion?) {
        switch state {
        case .signed: ("signed", nil, nil)
        case .broadcast: ("broadcast", nil, nil)
        case .mined(let inclusion): ("mined", inclusion.block, inclusion)
        case .confirmed(let inclusion): ("confirmed", inclusion.block, inclusion)
        case .lost(let block): ("lost", block, nil)
        }
    }

    static func decode(_ row: Row, in db: Database) throws -> TransactionSlot {
        let id = try row.integer("id")
        let attempts = try Row.fetchAll(
            db, sql: "SELECT * FROM attempt WHERE slot = ? ORDER BY position", arguments: [id]
        ).map(attempt)
        guard let nonce = row.unsigned("nonce"), let gasLimit = row.unsigned("gas_limit") else {
            throw StoreError.badRow("a slot")
        }
        return TransactionSlot(
            id: id, network: try row.network("network"), nonce: nonce, callData: row.bytes("call_data") ?? [],
            gasLimit: gasLimit, isUrgent: try row.integer("urgent") != 0, state: try state(row), attempts: attempts,
            intents: try row.identifiers("intents"))
    }

    private static func state(_ row: Row) throws -> TransactionSlot.State {
        func inclusion() throws -> TransactionSlot.Inclusion {
            guard let block = row.unsigned("block") else { throw StoreError.badRow("a slot's block") }
            return .init(
                block: block, blockHash: try row.requiredBytes32("block_hash"),
                transaction: try row.requiredBytes32("tx"))
        }
        return switch try row.text("state") {
        case "signed": .signed
        case "broadcast": .broadcast
        case "mined": .mined(try inclusion())
        case "confirmed": .confirmed(try inclusion())
        case "lost": .lost(at: row.unsigned("block") ?? 0)
        default: throw StoreError.badRow("a slot's state")
        }
    }

    private static func attempt(_ row: Row) throws -> Attempt {
        let fees: FeeOffer
        if let gasPrice = try row.wei("gas_price") {
            fees = .legacy(gasPrice: gasPrice)
        } else if let maxFee = try row.wei("max_fee"), let tip = try row.wei("tip") {
            fees = .dynamic(maxFee: maxFee, tip: tip)
        } else {
            throw StoreError.badRow("an attempt's fees")
        }
        let sentAt: Int64? = row["sent_at"]
        return Attempt(
            hash: try row.requiredBytes32("hash"), raw: row.bytes("raw") ?? [], fees: fees,
            isUrgent: try row.integer("urgent") != 0, intents: try row.identifiers("intents"),
            signedAt: Timestamp(milliseconds: try row.integer("signed_at")),
            sentAt: sentAt.map { Timestamp(milliseconds: $0) })
    }
}

enum ConsumerRow {
    static func save(_ consumer: ConsumerRecord, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO consumer (network, name, generation, current, pending_rotation, grace)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                consumer.network.description, consumer.name, Int64(bitPattern: consumer.generation),
                consumer.current?.blob, consumer.pendingRotation, consumer.grace,
            ])
    }

    static func decode(_ row: Row) throws -> ConsumerRecord {
        ConsumerRecord(
            network: try row.network("network"), name: try row.text("name"),
            generation: row.unsigned("generation") ?? 0, current: try row.bytes32("current"),
            pendingRotation: row["pending_rotation"], grace: row["grace"])
    }
}
