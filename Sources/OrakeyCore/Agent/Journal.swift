public import EthereumCore
public import OrakeyKey

/// Why a journal can't be used.
public protocol JournalTrouble: Error {
    /// The alarm to serve under until the journal can be used; nil where waiting for that is no good.
    var alarm: Alarm.Code? { get }
}

/// The agent's memory across restarts. Implementations commit a list of changes together, durably, or not at all.
public protocol Journal: Sendable {
    /// The account a network's rows belong to, if any were written.
    func owner(of network: NetworkName) throws -> Address?
    /// Binds a network's rows to an account and a deployment.
    func bind(_ network: NetworkName, owner: Address, chainID: UInt64, contract: Address) throws
    /// Everything about a network to which something may still happen.
    func restore(_ network: NetworkName, owner: Address) throws -> NetworkSnapshot
    /// The alarms of a network that are remembered.
    func alarms(of network: NetworkName) throws -> [Alarm]
    /// Makes the changes durable.
    func commit(_ changes: [Change]) throws
    /// The highest number ever given to an intent or slot.
    func lastIdentifier() throws -> Int64
    /// The replies that were given to an `Idempotency-Key`, by the names of their networks.
    func replies(to key: String) throws -> [IdempotentReply]
    /// Keys after `cursor` in the order of their first appearance, at most `limit`, and the cursor of the last.
    func keys(after cursor: Int64, limit: Int, state: KeyState?) throws -> [(cursor: Int64, key: KeyRecord)]
    /// Keys whose fingerprint was never computed, at most `limit`.
    func unidentified(_ network: NetworkName, limit: Int) throws -> [KeyRecord]
    /// Keys created by this host that are recorded as disabled without a disabling transaction, at most `limit`.
    func unprovenDisables(_ network: NetworkName, limit: Int) throws -> [KeyRecord]
    /// All keys of a network in one state.
    func keys(_ network: NetworkName, in state: KeyState) throws -> [KeyRecord]
    /// How many keys are in each state.
    func keyCounts() throws -> [KeyCount]
    /// How many intents of each kind are in each state.
    func intentCounts() throws -> [IntentCount]
    /// The keys with this fingerprint.
    func keys(fingerprint: Fingerprint) throws -> [KeyRecord]
    /// The keys with this message, on any network.
    func keys(message: Bytes32) throws -> [KeyRecord]
    /// An intent with its slot, whether it has ended or not.
    func intent(_ id: Int64) throws -> (Intent, TransactionSlot?)?
    /// Intents before `id` (all when nil), newest first, at most `limit`.
    func intents(before id: Int64?, limit: Int) throws -> [(Intent, TransactionSlot?)]
    /// The transactions of a revoker on a network.
    func revocations(of network: NetworkName, by revoker: Address) throws -> RevocationHistory
    /// The end of the audit; nil before its first record.
    func auditHead() throws -> AuditHead?
    /// Audit records after `sequence`, oldest first, at most `limit`.
    func auditEntries(after sequence: Int64, limit: Int) throws -> [AuditEntry]
    /// Audit records before `sequence` (all when nil), newest first, at most `limit`.
    func auditEntries(before sequence: Int64?, limit: Int) throws -> [AuditEntry]
}

/// So many keys of a network are in one state.
public typealias KeyCount = (network: NetworkName, state: KeyState, count: Int)
/// So many intents of a network and kind are in one state.
public typealias IntentCount = (network: NetworkName, kind: Intent.Kind, state: Intent.State, count: Int)
