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
    /// Where connections come in.
    private enum Entrance {
        case door(Door)
        case channel(any Channel)
    }

    private let router: any Router
    private let entrance: Entrance
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
        let entrance: Entrance
        if let source = router as? any PlainKeySource {
            entrance = .door(
                try Door(on: descriptor, for: source, limits: limits, connections: connections) {
                    setUp.receive($0, on: group)
                })
        } else {
            let bootstrap = ServerBootstrap(group: group).serverChannelInitializer(AcceptPause.install)
                .childChannelInitializer { setUp.begin($0) }
            entrance = .channel(try await bootstrap.withBoundSocket(descriptor).get())
        }
        // For a bound socket NIO takes its own 128 whatever the bootstrap's option says; listening again changes that.
        if listen(descriptor, limits.backlog) != 0 {
            log.warning("the socket's queue stays short", metadata: ["errno": "\(errno)"])
        }
        // One look at all connections now and then costs less than a timer for each.
        let pause = TimeAmount.milliseconds(max(250, limits.idleSeconds * 1000 / 8))
        let idleChecks = group.next().scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            connections.tell(IdleCheck())
            if connections.hasShrunk() { orakey_return_memory() }
        }
        return HTTPServer(router: router, entrance: entrance, connections: connections, idleChecks: idleChecks)
    }

    private init(router: any Router, entrance: Entrance, connections: ConnectionBook, idleChecks: RepeatedTask) {
        self.router = router
        self.entrance = entrance
        self.connections = connections
        self.idleChecks = idleChecks
    }

    /// Stops accepting, lets requests in flight end within `grace`, then closes what is left.
    public func stop(grace: Duration) async {
        switch entrance {
        case .door(let door): door.drain()
        case .channel(let channel): try? await channel.close()
        }
        idleChecks.cancel()
        router.stop()
        connections.drain()
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        while connections.count > 0, clock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        if case .door(let door) = entrance { door.closeAll() }
        connections.closeAll()
    }
}
