import Logging
public import OrakeyConfig
import OrakeyKey

extension KeyAgent {
    /// Takes over what a reload may change: fees, pool, intervals and consumers. Identity (owner, chain, contract) stays.
    public func reconfigure(profiles new: [NetworkProfile], consumers: [ConsumerSection]) throws {
        let now = clock.now
        var next: [NetworkName: NetworkLedger] = [:]
        var profiles = self.profiles
        var changes: [Change] = []
        var events: [AuditEvent] = []
        var identifier = lastIdentifier
        for var profile in new {
            guard let known = profiles[profile.name] else { continue }
            profile.owner = known.owner
            profiles[profile.name] = profile
            guard var ledger = ledgers[profile.name] else { continue }
            ledger.begin(after: identifier)
            ledger.isLocked = accounts[profile.name] == nil
            ledger.reconfigure(profile, consumers: consumers.filter { $0.network == profile.name })
            ledger.decide(at: now)
            identifier = ledger.lastIdentifier
            changes += ledger.changes
            events += auditEvents(of: ledger.changes, on: profile.name)
            next[profile.name] = ledger
        }
        // All networks in one commit: when it fails, every one of them goes on as it was.
        do { try audit.append(events + [.reloaded(consumers: consumers.count)], with: changes) } catch {
            throw AgentError.journal(error)
        }
        lastIdentifier = identifier
        self.profiles = profiles
        for (name, ledger) in next { take(ledger, on: name) }
        self.consumers = consumers
        for name in profiles.keys {
            showKeys(of: name)
            kick(name)
        }
        log.notice("configuration reloaded", metadata: ["consumers": "\(consumers.count)"])
    }
}
