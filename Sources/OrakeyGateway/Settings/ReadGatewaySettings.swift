import EthereumCore
import EthereumWallet
public import OrakeyConfig
import OrakeyKey

extension GatewaySettings {
    /// Reads and checks a configuration file.
    ///
    /// - Throws: ``ConfigurationError`` with every problem that was found.
    public static func load(path: String) throws(ConfigurationError) -> GatewaySettings {
        let file = ConfigurationText.absolute(path)
        let hint = "copy the sample etc/gateway/orakey-gateway.yaml, or name another file with --config"
        return try parse(ConfigurationText.read(file, hint: hint), file: file)
    }

    /// Checks the text of a configuration.
    ///
    /// - Parameter file: the absolute path that messages name and that relative paths start from.
    public static func parse(_ text: String, file: String) throws(ConfigurationError) -> GatewaySettings {
        try ReadingContext.read(text, file: file, users: .system, ReadGatewaySettings.read)
    }
}

/// Reads the whole file.
enum ReadGatewaySettings {
    private static let mostRequests = 1_000_000_000
    private static let mostConnections = 1_000_000

    static func read(_ root: Value) -> GatewaySettings? {
        guard var reader = root.mapping() else { return nil }
        let listen = listen(reader.optional("listen"))
        let metrics = reader.optional("metrics").flatMap(metrics)
        let networks =
            reader.required("networks", "at least one network, BASE: { chain_id: ..., rpc: [...], contract: ... }")
            .map(ReadGatewayNetwork.all) ?? []
        let threads = reader.optional("threads")?.integer(in: 1...256) ?? 1
        var service = ReadServiceSettings.read(&reader)
        let limits = limits(reader.optional("limits"), service: &service)
        let owners = owners(reader.optional("owners"), standard: limits.owner)
        let stateDirectory = reader.optional("state_dir")?.filePath()
        reader.finish()
        if let metrics, metrics.port != 0, listen.contains(metrics) {
            reader.report(.contradiction, at: "metrics", "listens where requests are served; give it a port of its own")
        }
        guard !networks.isEmpty, !listen.isEmpty else { return nil }
        return GatewaySettings(
            file: root.context.file, listen: listen, metrics: metrics, networks: networks, threads: threads,
            service: service, limits: limits,
            owners: owners, stateDirectory: stateDirectory)
    }

    private static func listen(_ value: Value?) -> [ListenAddress] {
        guard let value else { return (try? ListenAddress("127.0.0.1:8787")).map { [$0] } ?? [] }
        var found: [ListenAddress] = []
        for item in value.listOrSingle() {
            guard let address = item.parsed({ try ListenAddress($0) }) else { continue }
            if address.port != 0, found.contains(address) {
                item.report(.duplicate, "the same address stands there already")
            }
            found.append(address)
        }
        if found.isEmpty, value.context.problems.isEmpty { value.report(.missing, "names no address") }
        return found
    }

    private static func metrics(_ value: Value) -> ListenAddress? {
        guard var reader = value.mapping() else { return nil }
        let address = reader.required("listen", "the address for metrics, 127.0.0.1:9787")?
            .parsed { try ListenAddress($0) }
        reader.finish()
        return address
    }

    private static func limits(_ value: Value?, service: inout ServiceSettings) -> GatewayLimits {
        var limits = GatewayLimits()
        guard let value, var reader = value.mapping() else { return limits }
        limits.owner = policy(&reader, standard: limits.owner)
        limits.cachedKeys = reader.optional("cached_keys")?.integer(in: 1...16_777_216) ?? limits.cachedKeys
        limits.connections = reader.optional("connections")?.integer(in: 1...mostConnections) ?? limits.connections
        limits.idleTimeout =
            reader.optional("idle_timeout")?.duration(in: .seconds(1) ... .seconds(86400)) ?? limits.idleTimeout
        ReadServiceSettings.limits(&reader, into: &service)
        reader.finish()
        return limits
    }

    private static func policy(_ reader: inout MappingReader, standard: OwnerPolicy) -> OwnerPolicy {
        OwnerPolicy(
            requestsPerMinute: reader.optional("requests_per_minute")?.integer(in: 1...mostRequests)
                ?? standard.requestsPerMinute,
            concurrentRequests: reader.optional("concurrent_requests")?.integer(in: 1...mostConnections)
                ?? standard.concurrentRequests)
    }

    /// `owners:`, a list, since one owner may not stand there twice under two spellings of an address.
    private static func owners(_ value: Value?, standard: OwnerPolicy) -> [Address: OwnerPolicy] {
        var owners: [Address: OwnerPolicy] = [:]
        for item in value?.list() ?? [] {
            guard var reader = item.mapping() else { continue }
            let address = reader.required("address", "the owner's address")?.parsed { try Address($0) }
            var policy = policy(&reader, standard: standard)
            policy.isBlocked = reader.optional("blocked")?.boolean() ?? false
            reader.finish()
            guard let address else { continue }
            if owners.updateValue(policy, forKey: address) != nil {
                reader.report(.duplicate, at: "address", "the same owner stands there already")
            }
        }
        return owners
    }
}
