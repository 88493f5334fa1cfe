import Logging

/// Reads the configuration anew and takes over all of it or nothing. What only a restart can change is refused.
public actor GatewayReloader {
    private var settings: GatewaySettings
    private let gatekeeper: Gatekeeper
    private let models: ServedModels
    private let make: @Sendable (ServiceSettings) throws -> ModelService?
    private let log: Logger

    /// - Parameter make: opens the backends that the settings name.
    init(
        settings: GatewaySettings, gatekeeper: Gatekeeper, models: ServedModels, log: Logger,
        make: @escaping @Sendable (ServiceSettings) throws -> ModelService?
    ) {
        self.settings = settings
        self.gatekeeper = gatekeeper
        self.models = models
        self.make = make
        self.log = log
    }

    /// One reload. A refused one is logged, and changes nothing.
    public func reload() {
        do {
            let next = try GatewaySettings.load(path: settings.file)
            if let reason = Self.needsRestart(from: settings, to: next) {
                return log.error("configuration not reloaded: \(reason)")
            }
            // The backends' keys are read anew as well, and that may fail; nothing after it does.
            let served = try make(next.service)
            gatekeeper.replace(
                policies: OwnerPolicies(standard: next.limits.owner, special: next.owners),
                viewLimits: next.networks.map(\.viewLimits))
            models.replace(with: served)
            settings = next
            log.notice("configuration reloaded")
        } catch {
            log.error("configuration not reloaded: \(error)")
        }
    }

    /// What a running gateway can't change about itself, in words; nil when the change is one it can take over.
    static func needsRestart(from old: GatewaySettings, to new: GatewaySettings) -> String? {
        if old.listen != new.listen || old.metrics != new.metrics { return "the addresses have changed; restart it" }
        if old.stateDirectory != new.stateDirectory { return "the state directory has changed; restart it" }
        if old.threads != new.threads { return "the number of threads has changed; restart it" }
        var limits = old.limits
        limits.owner = new.limits.owner
        if limits != new.limits || old.service.bodyBytes != new.service.bodyBytes {
            return "limits on connections, bodies or cached keys have changed; restart it"
        }
        guard old.networks.map(\.name) == new.networks.map(\.name) else {
            return "networks were added or removed; restart it"
        }
        for (before, after) in zip(old.networks, new.networks) {
            var before = before
            before.maximumChainAge = after.maximumChainAge
            before.maximumHeadAge = after.maximumHeadAge
            if before != after { return "\(after.name) has changed in more than the age of its view; restart it" }
        }
        return nil
    }
}

extension GatewayNetwork {
    var viewLimits: ViewLimits { ViewLimits(age: maximumChainAge, headAge: maximumHeadAge) }
}
