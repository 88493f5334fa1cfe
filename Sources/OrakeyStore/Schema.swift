import GRDB

/// The tables of the journal, version by version. A database with a higher version than this list knows is refused.
enum Schema {
    /// `PRAGMA application_id` of a journal: "ORAK".
    static let applicationID: Int32 = 0x4F52_414B

    static let migrations: [@Sendable (Database) throws -> Void] = [
        version1, auditTables, attemptsAndAlarms, revocationTables, promises, endsOfReplies,
    ]

    static var latest: Int { migrations.count }

    private static func version1(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE network (
                    name TEXT PRIMARY KEY, owner BLOB NOT NULL CHECK (length(owner) = 20), chain_id INTEGER NOT NULL,
                    contract BLOB NOT NULL CHECK (length(contract) = 20), cursor_block INTEGER, cursor_hash BLOB
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE key (
                    id INTEGER PRIMARY KEY, network TEXT NOT NULL, owner BLOB NOT NULL,
                    message BLOB NOT NULL CHECK (length(message) = 32), fingerprint TEXT, consumer TEXT,
                    state TEXT NOT NULL, generation INTEGER, created_block INTEGER, created_tx BLOB,
                    disabled_block INTEGER, disabled_tx BLOB, reason TEXT, not_after INTEGER, assigned_at INTEGER,
                    UNIQUE (network, owner, message)
                ) STRICT;
                CREATE INDEX key_by_fingerprint ON key (fingerprint);
                CREATE INDEX key_by_message ON key (message);
                CREATE INDEX key_by_state ON key (state, id);
                CREATE TABLE intent (
                    id INTEGER PRIMARY KEY, network TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
                    count INTEGER, revoker BLOB, messages BLOB NOT NULL, urgent INTEGER NOT NULL,
                    not_before INTEGER NOT NULL, created_at INTEGER NOT NULL, slot INTEGER, nonce INTEGER,
                    block INTEGER, tx BLOB, error TEXT
                ) STRICT;
                CREATE INDEX intent_open ON intent (network) WHERE state NOT IN ('confirmed', 'failed', 'cancelled');
                CREATE TABLE slot (
                    id INTEGER PRIMARY KEY, network TEXT NOT NULL, nonce INTEGER NOT NULL, call_data BLOB NOT NULL,
                    gas_limit INTEGER NOT NULL, urgent INTEGER NOT NULL, state TEXT NOT NULL, block INTEGER,
                    block_hash BLOB, tx BLOB, intents TEXT NOT NULL, withdrawn INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX slot_by_network ON slot (network, state);
                CREATE TABLE attempt (
                    slot INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, raw BLOB NOT NULL,
                    max_fee TEXT, tip TEXT, gas_price TEXT, urgent INTEGER NOT NULL,
                    cancels INTEGER NOT NULL, signed_at INTEGER NOT NULL,
                    sent_at INTEGER, PRIMARY KEY (slot, position)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE consumer (
                    network TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, current BLOB,
                    pending_rotation INTEGER, PRIMARY KEY (network, name)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE reply (
                    key TEXT PRIMARY KEY, request BLOB NOT NULL, intents TEXT NOT NULL, fingerprints TEXT NOT NULL,
                    created_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }

    /// The audit: records, and one row with the end of their chain.
    private static func auditTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE audit (
                    sequence INTEGER PRIMARY KEY, epoch BLOB CHECK (length(epoch) = 32), body TEXT NOT NULL,
                    code BLOB NOT NULL CHECK (length(code) = 32)
                ) STRICT;
                CREATE TABLE audit_head (
                    id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL,
                    code BLOB NOT NULL CHECK (length(code) = 32), sealed_sequence INTEGER, sealed_code BLOB,
                    sealed_epoch BLOB, sealed_tag BLOB
                ) STRICT;
                """)
    }

    /// Each attempt says which intents it carries out, in the place of a flag for those that carry out none; alarms that
    /// nothing on chain tells again are remembered.
    private static func attemptsAndAlarms(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE attempt ADD COLUMN intents TEXT NOT NULL DEFAULT '';
                UPDATE attempt SET intents = (SELECT intents FROM slot WHERE id = attempt.slot) WHERE cancels = 0;
                UPDATE slot SET intents = '' WHERE withdrawn <> 0;
                ALTER TABLE attempt DROP COLUMN cancels;
                ALTER TABLE slot DROP COLUMN withdrawn;
                CREATE TABLE alarm (
                    network TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL,
                    PRIMARY KEY (network, code)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    /// What outlasts a restart: the grace that a consumer was promised, the keys that a reply was about although the intent
    /// of their disable was still to come, and the head that was seen, by which lag and reorg are told apart.
    private static func promises(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE consumer ADD COLUMN grace INTEGER;
                ALTER TABLE reply ADD COLUMN awaiting BLOB NOT NULL DEFAULT x'';
                ALTER TABLE network ADD COLUMN seen_block INTEGER;
                ALTER TABLE network ADD COLUMN seen_time INTEGER;
                """)
    }

    /// Replies in the order in which they were given, with the time at which their operation was seen to have ended. Key and
    /// network were one text, with a blank in between that neither has.
    private static func endsOfReplies(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE reply RENAME TO old_reply;
                CREATE TABLE reply (
                    id INTEGER PRIMARY KEY, key TEXT NOT NULL, network TEXT NOT NULL, request BLOB NOT NULL,
                    intents TEXT NOT NULL, fingerprints TEXT NOT NULL, awaiting BLOB NOT NULL,
                    created_at INTEGER NOT NULL, ended_at INTEGER, UNIQUE (key, network)
                ) STRICT;
                CREATE INDEX reply_by_end ON reply (ended_at);
                INSERT INTO reply (key, network, request, intents, fingerprints, awaiting, created_at)
                    SELECT substr(key, 1, instr(key, ' ') - 1), substr(key, instr(key, ' ') + 1), request, intents,
                    fingerprints, awaiting, created_at FROM old_reply ORDER BY created_at;
                DROP TABLE old_reply;
                """)
    }

    /// Transactions of the revoker: one row a nonce, and one for each attempt.
    private static func revocationTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE revocation (
                    id INTEGER PRIMARY KEY, network TEXT NOT NULL, revoker BLOB NOT NULL CHECK (length(revoker) = 20),
                    nonce INTEGER NOT NULL, messages BLOB NOT NULL, gas_limit INTEGER NOT NULL, state TEXT NOT NULL,
                    block INTEGER, block_hash BLOB, tx BLOB
                ) STRICT;
                CREATE INDEX revocation_by_network ON revocation (network, revoker, nonce);
                CREATE TABLE revocation_attempt (
                    revocation INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,
                    raw BLOB NOT NULL, max_fee TEXT, tip TEXT, gas_price TEXT, signed_at INTEGER NOT NULL,
                    sent_at INTEGER, PRIMARY KEY (revocation, position)
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
