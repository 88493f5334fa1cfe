import CLinuxShims
import Glibc
public import Logging
import NIOCore
import NIOHTTP1
public import NIOPosix
import Synchronization

/// Serves one router on one bound socket.
public final class HTTPServer: Sendable {
    private let router: any Router
    private let channel: any Channel
    private let connections: ConnectionBook

    /// Starts listening on a bound Unix socket, which from now on belongs to the server.
    public static func start(
        on descriptor: Int32, group: MultiThreadedEventLoopGroup, service: Service, limits: ServerLimits, log: Logger
    ) async throws -> HTTPServer {
        let router = service.router
        let connections = ConnectionBook(limit: limits.connectionsPerUser, total: limits.connections)
        let bootstrap = ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                PeerReader.credentials(of: channel).flatMap { credentials in
                    guard connections.admit(channel, userID: credentials.userID) else {
                        return channel.close()
                    }
                    let descriptor: EventLoopFuture<Int32?> =
                        router.needsProcessDetails
                        ? PeerReader.processDescriptor(of: channel) : channel.eventLoop.makeSucceededFuture(nil)
                    return descriptor.and(PeerReader.groups(of: channel)).flatMap { descriptor, groups in
                        channel.eventLoop.makeCompletedFuture {
                            try configure(
                                channel, router: router, limits: limits, log: log, credentials: credentials,
                                groups: groups, descriptor: descriptor)
                        }
                    }
                }
            }
        let channel = try await bootstrap.withBoundSocket(descriptor).get()
        // For a bound socket NIO takes its own 128 whatever the bootstrap's option says; listening again changes that.
        if listen(descriptor, limits.backlog) != 0 {
            log.warning("the socket's queue stays short", metadata: ["errno": "\(errno)"])
        }
        return HTTPServer(router: router, channel: channel, connections: connections)
    }

    private init(router: any Router, channel: any Channel, connections: ConnectionBook) {
        self.router = router
        self.channel = channel
        self.connections = connections
    }

    private static func configure(
        _ channel: any Channel, router: any Router, limits: ServerLimits, log: Logger,
        credentials: PeerReader.Credentials, groups: [gid_t], descriptor: Int32?
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        // Whoever sends requests without reading the answers is not read from any more.
        try pipeline.addHandler(BackPressureHandler())
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: false)
        try pipeline.addHandler(
            ExchangeHandler(
                router: router, limits: limits, log: log, credentials: credentials,
                groups: [credentials.groupID] + groups, processDescriptor: descriptor))
    }

    /// Stops accepting, lets requests in flight end within `grace`, then closes what is left.
    public func stop(grace: Duration) async {
        try? await channel.close()
        router.stop()
        connections.drain()
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while connections.count > 0, clock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        connections.closeAll()
    }
}

/// Tells a connection to end as soon as its request in flight is answered.
struct DrainEvent {}

/// Connections by user, so that nobody takes all of them.
final class ConnectionBook: Sendable {
    private struct State {
        var byUser: [uid_t: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let limit: Int
    private let total: Int
    private let state = Mutex(State())

    init(limit: Int, total: Int) {
        self.limit = limit
        self.total = total
    }

    var count: Int { state.withLock { $0.channels.count } }

    /// Counts a connection until it closes; false when the user, or all together, have too many.
    func admit(_ channel: any Channel, userID: uid_t) -> Bool {
        let isAdmitted = state.withLock { state in
            guard state.byUser[userID, default: 0] < limit, state.channels.count < total else { return false }
            state.byUser[userID, default: 0] += 1
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.channels[ObjectIdentifier(channel)] = nil
                state.byUser[userID, default: 1] -= 1
                if state.byUser[userID] == 0 { state.byUser[userID] = nil }
            }
        }
        return true
    }

    func drain() {
        for channel in state.withLock({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
        }
    }

    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
