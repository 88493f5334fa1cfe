public import CurlHTTP
import EthereumRPC
import HTTPRelay
import LocalSockets
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
    /// How long a request that was cancelled may take to say so.
    private static let farewell: Duration = .seconds(1)
    private static let operatorConnections = 64
    private static let headBytes = 16 * 1024
    /// Logs of one answer; ``ScanWindow`` asks for less where this is not enough.
    private static let mostAnswerBytes = 8 * 1024 * 1024
    /// Logs of one block, of which less can't be asked for.
    private static let mostBlockBytes = 128 * 1024 * 1024

    private let settings: GatewaySettings
    private let gatekeeper: Gatekeeper
    private let followers: [ChainFollower]
    private let database: GatewayDatabase
    private let models: ServedModels
    /// Reads the configuration anew.
    public let reloader: GatewayReloader
    private let usage: UsageKeeper
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
                    viewLimits: network.viewLimits,
                    accepts: contract.accepts)
            },
            policies: OwnerPolicies(standard: settings.limits.owner, special: settings.owners),
            cachedKeys: settings.limits.cachedKeys)
        self.gatekeeper = gatekeeper
        self.database = database
        let book = UsageBook()
        usage = UsageKeeper(book: book, database: database, clock: SystemGatewayClock(), log: log)
        let modelHTTP = try Self.client(for: settings)
        let make: @Sendable (ServiceSettings) throws -> ModelService? = { service in
            guard !service.backends.isEmpty else { return nil }
            // A task that is not known here is looked for at every backend.
            return ModelService(
                gatekeeper: gatekeeper, backends: try Backends(service, http: modelHTTP),
                search: service.search.map { SearchClient($0, http: http) }, usage: book, tasks: TaskRoutes(), log: log)
        }
        models = ServedModels(try make(settings.service))
        reloader = GatewayReloader(settings: settings, gatekeeper: gatekeeper, models: models, log: log, make: make)
        followers = try zip(settings.networks, contracts).enumerated().map { index, pair in
            let (network, contract) = pair
            func client(most bytes: Int) throws -> RPCClient {
                var options = RPCOptions()
                options.quorum = network.quorum
                options.maxAnswerBytes = bytes
                return try RPCClient(
                    endpoints: try network.rpc.map { try RPCEndpoint($0.string) }, chainID: network.chainID,
                    options: options, http: http)
            }
            let store = try database.keys(
                of: network.name, chainID: network.chainID, contract: network.contract, firstBlock: network.firstBlock)
            var log = log
            log[metadataKey: "network"] = "\(network.name)"
            return ChainFollower(
                network: FollowedNetwork(
                    index: index, contract: contract, confirmations: network.confirmations,
                    firstBlock: network.firstBlock, pollInterval: network.pollInterval),
                client: try client(most: Self.mostAnswerBytes),
                patientClient: try client(most: Self.mostBlockBytes), store: store, gatekeeper: gatekeeper, log: log)
        }
    }

    /// A client of its own for model servers: no request waits for another's connection.
    private static func client(for settings: GatewaySettings) throws -> HTTPClient {
        var options = HTTPClientOptions()
        options.maxConnectionsPerHost = settings.limits.connections
        options.maxConnections = settings.limits.connections
        options.maxIdleConnections = min(256, settings.limits.connections)
        return try HTTPClient(options: options)
    }

    /// Follows and serves until the graceful shutdown, then lets requests in flight end.
    ///
    /// - Throws: what keeps it from listening, or ``GatewayStoreError`` where the store was damaged meanwhile.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        defer { group.shutdownGracefully { _ in } }
        let most = mostConnections
        let connections = ConnectionBook(limit: most, descriptors: most)
        let operators = ConnectionBook(limit: Self.operatorConnections, descriptors: Self.operatorConnections)
        let listeners = try await listen(group, connections, operators)
        onReady(listeners.map(\.address))
        let damage = await withTaskGroup(of: GatewayStoreError?.self) { tasks in
            for follower in followers {
                tasks.addTask {
                    do throws(GatewayStoreError) { try await follower.run() } catch { return error }
                    return nil
                }
            }
            tasks.addTask {
                try? await gracefulShutdown()
                return nil
            }
            async let _: Void = usage.run()
            // Nobody else ends before they are told to.
            let damage = await tasks.next()
            // Requests in flight are still judged by a current view.
            for listener in listeners { await listener.close() }
            await drain([connections, operators])
            tasks.cancelAll()
            return damage ?? nil
        }
        usage.store()
        if let damage {
            try? database.close()
            throw damage
        }
        try database.close()
    }

    /// As many as are configured, and as there are descriptors for: a request that is passed on takes two.
    private var mostConnections: Int {
        let possible = DescriptorLimit.raise().agent / 2
        if possible < settings.limits.connections {
            log.warning("fewer connections than configured: raise LimitNOFILE", metadata: ["most": "\(possible)"])
        }
        return min(settings.limits.connections, possible)
    }

    private func listen(
        _ group: MultiThreadedEventLoopGroup, _ connections: ConnectionBook, _ operators: ConnectionBook
    ) async throws -> [Listener] {
        var limits = RelayLimits()
        limits.idleSeconds = max(1, settings.limits.idleTimeout.components.seconds)
        limits.bodyBytes = max(limits.wasteBytes, settings.service.bodyBytes)
        limits.headBytes = Self.headBytes
        var listeners: [Listener] = []
        for address in settings.listen {
            listeners.append(
                try await Listener.start(
                    on: address, handler: PublicHandler(gatekeeper: gatekeeper, models: models), front: gatekeeper,
                    connections: connections, group: group, limits: limits))
        }
        if let address = settings.metrics {
            let metrics = GatewayMetrics(
                version: version, gatekeeper: gatekeeper, lags: followers.map(\.lag), connections: connections,
                usage: usage.book)
            listeners.append(
                try await Listener.start(
                    on: address,
                    handler: OperatorHandler(
                        gatekeeper: gatekeeper, metrics: { metrics.render() }, usage: usage,
                        isLoopback: address.isLoopback),
                    front: nil, connections: operators, group: group, limits: limits))
        }
        return listeners
    }

    private func drain(_ books: [ConnectionBook]) async {
        for book in books { book.drain() }
        for time in [Self.grace, Self.farewell] {
            let clock = ContinuousClock()
            let deadline = clock.now + time
            while books.contains(where: { $0.count > 0 }), clock.now < deadline {
                try? await Task.sleep(for: .milliseconds(5))
            }
            for book in books { book.tell(CancelEvent()) }
        }
        for book in books { book.closeAll() }
    }
}
