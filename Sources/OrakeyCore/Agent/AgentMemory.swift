import Logging
import OrakeyConfig
import OrakeyContract
import OrakeyKey

/// What an agent knows from its journal. An earlier run's owner lets it follow the chain before it is unlocked.
struct AgentMemory {
    let lastIdentifier: Int64
    private(set) var profiles: [NetworkName: NetworkProfile]
    private(set) var ledgers: [NetworkName: NetworkLedger] = [:]
    private(set) var alarms: [NetworkName: [Alarm]] = [:]

    init(
        _ journal: any Journal, _ profiles: [NetworkName: NetworkProfile], _ consumers: [ConsumerSection]
    ) throws {
        lastIdentifier = try journal.lastIdentifier()
        self.profiles = profiles
        for (name, var profile) in profiles {
            alarms[name] = try journal.alarms(of: name)
            guard let owner = try journal.owner(of: name) else { continue }
            profile.owner = owner
            self.profiles[name] = profile
            // The rows of one deployment mean nothing on another.
            try journal.bind(name, owner: owner, chainID: profile.chainID, contract: profile.contract.address)
            ledgers[name] = NetworkLedger(
                settings: profile, consumers: consumers.filter { $0.network == name },
                restoring: try journal.restore(name, owner: owner))
        }
    }

    /// Alarms of earlier runs stand on; the log of this run names them as well.
    func tell(_ log: Logger) {
        for (name, alarms) in alarms {
            for alarm in alarms {
                log.warning("alarm \(alarm.code.rawValue): \(alarm.message)", metadata: ["network": "\(name)"])
            }
        }
    }
}
