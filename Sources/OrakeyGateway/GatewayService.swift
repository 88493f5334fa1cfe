public import CurlHTTP
import EthereumRPC
public import Logging
import NIOCore
import NIOPosix
import OrakeyConfig
import OrakeyKey
public import ServiceLifecycle

/// The gateway put together: its state, what follows the chain, what serves requests.
public struct GatewayService: Service {
    /// How long requests in flight may take once the service is to end.
    private static let grace: Duration = .seconds(5)
    /// Logs of one answer; ``ScanWindow`` asks for less where this is not enough.
    private static let mostAnswerBytes = 32 * 1024 * 1024

    private let settings: GatewaySettings
    private let gatekeeper: Gatekeeper
    private let followers: [ChainFollower]
    private let version: String
    private let log: Logger
    private let onReady: @Sendable ([String]) -> Void

    /// Puts the parts together; nothing is served or followed yet.
    ///
    /// - Parameters:
    ///   - databasePath: where what is known of the chain is kept.
    ///   - onReady: called with the addresses once all of them are served.
    public init(
        settings: GatewaySettings, databasePath: String, version: String, http: HTTPClient, log: Logger,
        onReady: @escaping @Sendable ([String]) -> Void
    ) throws {
        self.settings = settings
        self.version = version
        self.log = log
        self.onReady = onReady
        let contracts = try settings.networks.map { try WatchedContract($0) }
        let database = try GatewayDatabase(path: databasePath)
        if let aside = database.setAside {
            log.warning("the database was damaged; the chain is read again", metadata: ["set_aside": "\(aside)"])
        }
        let gatekeeper = Gatekeeper(
            networks: zip(settings.networks, contracts).map { network, contract in
                GuardedNetwork(
                    name: network.name, layout: network.layout, scheme: network.signing,
                    viewLimits: ViewLimits(age: network.maximumChainAge, headAge: network.maximumHeadAge),
                    accepts: contract.accepts)
            },
            policies: OwnerPolicies(standard: settings.limits.owner, special: settings.owners),
            cachedKeys: settings.limits.cachedKeys)
        self.gatekeeper = gatekeeper
        followers = try zip(settings.networks, contracts).enumerated().map { index, pair in
            let (network, contract) = pair
            var options = RPCOptions()
            options.quorum = network.quorum
            options.maxAnswerBytes = Self.mostAnswerBytes
            let client = try RPCClient(
                endpoints: try network.rpc.map { try RPCEndpoint($0.string) }, chainID: network.chainID,
                options: options, http: http)
            let store = try database.keys(
                of: network.name, chainID: network.chainID, contract: network.contract, firstBlock: network.firstBlock)
            var log = log
            log[metadataKey: "network"] = "\(network.name)"
            return ChainFollower(
                network: FollowedNetwork(
                    index: index, contract: contract, confirmations: network.confirmations,
                    firstBlock: network.firstBlock, pollInterval: network.pollInterval), client: client, store: store,
                gatekeeper: gatekeeper, log: log)
        }
    }

    /// Follows and serves until the graceful shutdown, then lets requests in flight end.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        defer { group.shutdownGracefully { _ in } }
        var limits = ServerLimits()
        limits.connections = settings.limits.connections
        limits.idleTime = .nanoseconds(Int64(clamping: settings.limits.idleTimeout.wholeNanoseconds))
        let connections = ConnectionBook(limit: limits.connections)
        let metrics = GatewayMetrics(
            version: version, gatekeeper: gatekeeper, lags: followers.map(\.lag), connections: connections)
        var listeners: [Listener] = []
        for address in settings.listen {
            listeners.append(
                try await Listener.start(
                    on: address, site: PublicSite(gatekeeper: gatekeeper), front: gatekeeper,
                    connections: connections, group: group, limits: limits))
        }
        if let address = settings.metrics {
            listeners.append(
                try await Listener.start(
                    on: address, site: OperatorSite(gatekeeper: gatekeeper, metrics: { metrics.render() }), front: nil,
                    connections: ConnectionBook(limit: 64), group: group, limits: limits))
        }
        onReady(listeners.map(\.address))
        await withTaskGroup(of: Void.self) { tasks in
            for follower in followers { tasks.addTask { await follower.run() } }
            try? await gracefulShutdown()
            tasks.cancelAll()
        }
        for listener in listeners { await listener.close() }
        connections.drain()
        let clock = ContinuousClock()
        let deadline = clock.now + Self.grace
        while connections.count > 0, clock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        connections.closeAll()
    }
}
