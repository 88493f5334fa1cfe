import Logging
import OrakeyConfig
import OrakeyCore
import OrakeyServer

/// Reads the configuration anew and takes over all of it or nothing. What only a restart can change is refused.
actor Reloader {
    private var configuration: Configuration
    private let agent: KeyAgent
    private let policy: PolicyBox
    private let locker: AutoLocker
    private let environment: HostEnvironment
    private let log: Logger
    private let turns = Turns()

    init(
        configuration: Configuration, agent: KeyAgent, policy: PolicyBox, locker: AutoLocker,
        environment: HostEnvironment, log: Logger
    ) {
        self.configuration = configuration
        self.agent = agent
        self.policy = policy
        self.locker = locker
        self.environment = environment
        self.log = log
    }

    /// One reload; another that comes meanwhile waits its turn, so that agent and policy have the same consumers.
    func reload() async throws { try await turns.take { try await self.takeOver() } }

    private func takeOver() async throws {
        let next: Configuration
        do { next = try Configuration.load(path: configuration.file) } catch {
            throw await refused("\(error)")
        }
        if let reason = Self.needsRestart(from: configuration, to: next) { throw await refused(reason) }
        let profiles: [NetworkProfile]
        do { profiles = try ProfileBuilder.profiles(of: next).profiles } catch { throw await refused("\(error)") }
        let consumers = next.consumers(daemonUser: environment.userID)
        try await agent.reconfigure(profiles: profiles, consumers: consumers)
        policy.replace(with: Policy(consumers: consumers))
        agent.board.announcePolicy()
        if next.lock != configuration.lock { await locker.configure(next.lock) }
        configuration = next
    }

    private func refused(_ reason: String) async -> ReloadRefused {
        log.error("configuration not reloaded: \(reason)")
        await agent.record(.reloadRefused(reason: reason))
        return ReloadRefused("the configuration was not reloaded: \(reason)")
    }

    /// What a running service can't change about itself, in words; nil when the change is one it can take over.
    static func needsRestart(from old: Configuration, to new: Configuration) -> String? {
        if old.wallet != new.wallet { return "the wallet has changed; restart orakeyd" }
        if old.listen != new.listen { return "the sockets have changed; restart orakeyd" }
        if old.stateDirectory != new.stateDirectory { return "the state directory has changed; restart orakeyd" }
        if old.metrics != new.metrics { return "the metrics' port has changed; restart orakeyd" }
        if old.proxy != new.proxy { return "the proxy has changed; restart orakeyd" }
        if old.revoker != new.revoker { return "the revoker has changed; restart orakeyd" }
        if old.audit != new.audit { return "the audit's settings have changed; restart orakeyd" }
        if old.limits != new.limits { return "the limits have changed; restart orakeyd" }
        guard old.networks.map(\.name) == new.networks.map(\.name) else {
            return "networks were added or removed; restart orakeyd"
        }
        for (before, after) in zip(old.networks, new.networks) {
            let isSame =
                before.chainID == after.chainID && before.contract == after.contract && before.path == after.path
                && before.layout == after.layout && before.signing == after.signing && before.abi == after.abi
                && before.rpc == after.rpc && before.quorum == after.quorum
            if !isSame {
                return
                    "chain, contract, account, key format or endpoints of \(after.name) have changed; restart orakeyd"
            }
        }
        return nil
    }
}
