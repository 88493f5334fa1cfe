import CLinuxShims
import Glibc
import LocalSockets
public import Logging
import NIOCore
import NIOHTTP1
public import NIOPosix
import OrakeyCore

/// Serves one router on one bound socket.
public final class HTTPServer: Sendable {
    private let router: any Router
    private let channel: any Channel
    private let connections: ConnectionBook
    private let idleChecks: RepeatedTask

    /// Starts listening on a bound Unix socket, which from now on belongs to the server.
    public static func start(
        on descriptor: Int32, group: MultiThreadedEventLoopGroup, service: Service, limits: ServerLimits, log: Logger
    ) async throws -> HTTPServer {
        let router = service.router
        let connections = ConnectionBook(
            limit: limits.connectionsPerUser, descriptors: limits.descriptors, meter: service.connections)
        let setUp = ConnectionSetUp(router: router, limits: limits, log: log, connections: connections)
        let bootstrap = ServerBootstrap(group: group)
            // A second look at the queue after each connection costs more than a round of the loop where one follows.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { setUp.begin($0) }
        let channel = try await bootstrap.withBoundSocket(descriptor).get()
        // For a bound socket NIO takes its own 128 whatever the bootstrap's option says; listening again changes that.
        if listen(descriptor, limits.backlog) != 0 {
            log.warning("the socket's queue stays short", metadata: ["errno": "\(errno)"])
        }
        // One look at all connections now and then costs less than a timer for each.
        let pause = TimeAmount.milliseconds(max(250, limits.idleSeconds * 1000 / 8))
        let idleChecks = channel.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            connections.tell(IdleCheck())
            if connections.hasShrunk() { orakey_return_memory() }
        }
        return HTTPServer(router: router, channel: channel, connections: connections, idleChecks: idleChecks)
    }

    private init(router: any Router, channel: any Channel, connections: ConnectionBook, idleChecks: RepeatedTask) {
        self.router = router
        self.channel = channel
        self.connections = connections
        self.idleChecks = idleChecks
    }

    /// Stops accepting, lets requests in flight end within `grace`, then closes what is left.
    public func stop(grace: Duration) async {
        try? await channel.close()
        idleChecks.cancel()
        router.stop()
        connections.tell(DrainEvent())
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while connections.count > 0, clock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        connections.closeAll()
    }
}
