import Logging
public import OrakeyConfig
import OrakeyKey

extension KeyAgent {
    /// Takes over what a reload may change: fees, pool, intervals and consumers. Identity (owner, chain, contract) stays.
    public func reconfigure(profiles new: [NetworkProfile], consumers: [ConsumerSection]) throws {
        let now = clock.now
        for var profile in new {
            guard let known = profiles[profile.name] else { continue }
            profile.owner = known.owner
            if ledgers[profile.name] != nil {
                let own = consumers.filter { $0.network == profile.name }
                try step(profile.name) { ledger in
                    ledger.reconfigure(profile, consumers: own)
                    ledger.decide(at: now)
                }
            }
            profiles[profile.name] = profile
        }
        self.consumers = consumers
        for name in profiles.keys {
            showKeys(of: name)
            kick(name)
        }
        log.notice("configuration reloaded", metadata: ["consumers": "\(consumers.count)"])
    }
}
