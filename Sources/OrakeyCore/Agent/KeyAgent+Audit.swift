import EthereumWallet
import Logging
import OrakeyKey

/// What the agent tells the audit.
extension KeyAgent {
    /// The records that a decision on a network is worth.
    func auditEvents(of changes: [Change], on network: NetworkName) -> [AuditEvent] {
        let ledger = ledgers[network]
        return AuditEvent.following(
            changes, key: { ledger?.keys[$0]?.state }, isKnown: { ledger?.intents[$0] != nil })
    }

    /// Puts the wallet's key to the audit and records the unlock. An unlock that can't be recorded does not take place.
    func beginAudit(with wallet: UnlockedWallet) throws {
        do {
            let key = wallet.auditKey()
            if try !audit.isEndIntact(key) {
                log.error(
                    "the end of the audit is not what this wallet wrote last",
                    metadata: ["hint": "orakey audit verify says what is missing"])
            }
            audit.begin(with: key)
            if isLocked { try audit.append([.unlocked]) }
        } catch { throw AgentError.journal(error) }
    }

    /// Records what takes place whether or not it can be recorded.
    public func record(_ event: AuditEvent) {
        do { try audit.append([event]) } catch {
            log.error("the audit can't be written", metadata: ["error": "\(error)"])
        }
    }

    /// Audit records for operators: those after `sequence`, oldest first.
    public func auditEntries(after sequence: Int64, limit: Int) throws -> [AuditEntry] {
        do { return try journal.auditEntries(after: sequence, limit: limit) } catch { throw AgentError.journal(error) }
    }

    /// Audit records for operators: those before `sequence`, newest first.
    public func auditEntries(before sequence: Int64?, limit: Int) throws -> [AuditEntry] {
        do { return try journal.auditEntries(before: sequence, limit: limit) } catch { throw AgentError.journal(error) }
    }
}
