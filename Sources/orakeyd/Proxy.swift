import CurlHTTP
import Glibc
import HTTPRelay
import LocalSockets
import Logging
import NIOCore
import NIOPosix
import OrakeyConfig
import OrakeyCore
import OrakeyProxy
import OrakeyServer
import ServiceLifecycle

/// The proxy's sockets, bound before anything is opened for writing.
struct ProxySockets: Sendable {
    let socket: Int32
    let path: String
    let loopback: (descriptor: Int32, port: UInt16)?

    /// How many sockets the proxy listens on.
    var fronts: Int { loopback == nil ? 1 : 2 }

    /// Nil where the configuration has no proxy.
    static func bind(configuration: Configuration, environment: HostEnvironment) throws -> ProxySockets? {
        guard let settings = configuration.proxy else { return nil }
        let path = environment.proxySocket(settings, configurationFile: configuration.file)
        let mode = HostEnvironment.mode(configurationFile: configuration.file)
        let folder = environment.socketFolder(mode)
        if mode == .user, path.hasPrefix(folder + "/") { try SocketBinding.makeFolder(folder) }
        // As the agent's: where consumers of other users are configured, the policy decides.
        let isShared = mode == .system || configuration.consumers != nil
        let socket = try SocketBinding.bind(path, mode: isShared ? 0o666 : 0o600).release()
        do {
            return ProxySockets(
                socket: socket, path: path, loopback: try settings.port.map { try LoopbackBinding.bind(port: $0) })
        } catch {
            unlink(path)
            throw error
        }
    }

    func remove() { unlink(path) }
}

/// The proxy: its fronts, and the client that speaks to the upstream.
struct ProxyService: ServiceLifecycle.Service {
    /// Connections to the upstream; over HTTP/2 one carries them all.
    private static let upstreamConnections = 512
    /// How long answers under way may take once the service is to end.
    private static let grace: Duration = .seconds(5)
    /// A loop carries some ten thousand requests a second.
    private static let loops = 2

    let servers: [RelayServer]
    let context: ProxyContext
    private let client: HTTPClient
    private let group: MultiThreadedEventLoopGroup

    /// Starts listening.
    static func start(
        _ sockets: ProxySockets, settings: ProxySection, board: HandoutBoard, policy: PolicyBox,
        auditor: HandoutAuditor, clock: any WallClock, limits: ServerLimits, connectionsPerFront: Int, log: Logger
    ) async throws -> ProxyService {
        var options = HTTPClientOptions()
        options.maxConnectionsPerHost = upstreamConnections
        options.maxConnections = upstreamConnections
        options.maxIdleConnections = upstreamConnections
        let client = try HTTPClient(options: options)
        let base = try HTTPURL(settings.upstream.string)
        let plain = PlainUpstream(base, idle: settings.idleTimeout)
        // Few requests take the long way where there is a short one; they can afford a connection each.
        let upstream = Upstream(
            base, client: client, idle: settings.idleTimeout, tls: TLSOptions(authorityFile: settings.authorityFile),
            keepsConnections: plain == nil)
        let context = ProxyContext(
            usage: UsageBook(), tokens: TokenMint(), port: sockets.loopback?.port, startedAt: clock.now, clock: clock)
        let handler = ProxyHandler(
            board: board, policy: policy, auditor: auditor, tokens: context.tokens, usage: context.usage,
            upstream: upstream,
            clock: clock, log: log)
        var relay = RelayLimits()
        relay.connectionsPerUser = limits.connectionsPerUser
        relay.connections = connectionsPerFront
        relay.idleSeconds = limits.idleSeconds
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let short = plain.map { (relay: handler, upstream: $0) }
        var servers = [
            try await RelayServer.start(
                on: .unix(descriptor: sockets.socket), group: group, limits: relay, handler: handler, plain: short)
        ]
        if let loopback = sockets.loopback {
            servers.append(
                try await RelayServer.start(
                    on: .loopback(descriptor: loopback.descriptor), group: group, limits: relay, handler: handler,
                    plain: short))
        }
        log.notice(
            "proxy ready",
            metadata: [
                "socket": "\(sockets.path)", "port": "\(sockets.loopback.map { String($0.port) } ?? "none")",
                "upstream": "\(settings.upstream)",
            ])
        return ProxyService(servers: servers, context: context, client: client, group: group)
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await context.usage.keepUp() }
            try? await gracefulShutdown()
            tasks.cancelAll()
        }
        await withTaskGroup(of: Void.self) { tasks in
            for server in servers { tasks.addTask { await server.stop(grace: Self.grace) } }
        }
        await client.shutdown()
        try? await group.shutdownGracefully()
    }
}
