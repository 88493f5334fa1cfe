import Glibc
import LocalSockets
package import NIOCore
import NIOHTTP1
public import NIOPosix

/// An HTTP/1.1 server on one bound socket, for relaying: bodies stream both ways, each side is held back by the other.
public final class RelayServer: Sendable {
    private let channel: any Channel
    private let connections: ConnectionBook
    private let checks: RepeatedTask

    /// Where a front listens.
    public enum Place: Sendable {
        /// A bound Unix socket; callers are known by their credentials.
        case unix(descriptor: Int32)
        /// A bound TCP socket of the loopback interface.
        case loopback(descriptor: Int32)
    }

    /// Starts listening on a bound socket, which from now on belongs to the server.
    ///
    /// - Parameter plain: relays requests of the plain form, so that the handler gets to see the others only.
    public static func start(
        on place: Place, group: MultiThreadedEventLoopGroup, limits: RelayLimits, handler: any RelayHandler,
        plain: (relay: any PlainRelay, upstream: PlainUpstream)? = nil
    ) async throws -> RelayServer {
        let book = ConnectionBook(limit: limits.connectionsPerUser, descriptors: limits.connections)
        let descriptor: Int32
        let isUnix: Bool
        switch place {
        case .unix(let number): (descriptor, isUnix) = (number, true)
        case .loopback(let number): (descriptor, isUnix) = (number, false)
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer(AcceptPause.install)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: limits.answerHighWater / 4, high: limits.answerHighWater)
            )
            .childChannelInitializer { channel in
                identify(channel, isUnix: isUnix).flatMap { peer, userID in
                    guard book.admit(channel, userID: userID, needing: 1) else { return channel.close() }
                    return channel.eventLoop.makeCompletedFuture {
                        guard let plain else {
                            return try configure(channel, handler: handler, limits: limits, peer: peer)
                        }
                        try channel.pipeline.syncOperations.addHandler(
                            PlainFront(
                                relay: plain.relay, upstream: plain.upstream, channel: channel, peer: peer,
                                limits: limits
                            ) { try configure($0, handler: handler, limits: limits, peer: peer) })
                    }
                }
            }
        let channel = try await bootstrap.withBoundSocket(descriptor).get()
        // For a bound socket NIO takes its own 128 whatever the bootstrap's option says; listening again changes that.
        _ = listen(descriptor, limits.backlog)
        let shortest = min(limits.idleSeconds, limits.stallSeconds, limits.wasteSeconds)
        let pause = TimeAmount.milliseconds(max(250, shortest * 1000 / 8))
        // One look at all connections now and then costs less than a timer for each.
        let checks = channel.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            book.tell(IdleCheck())
        }
        return RelayServer(channel: channel, connections: book, checks: checks)
    }

    private init(channel: any Channel, connections: ConnectionBook, checks: RepeatedTask) {
        self.channel = channel
        self.connections = connections
        self.checks = checks
    }

    /// The port of a loopback front.
    public var port: Int? { channel.localAddress?.port }

    private static func identify(
        _ channel: any Channel, isUnix: Bool
    ) -> EventLoopFuture<(RelayPeer, UInt32)> {
        guard isUnix, let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture((.loopback, 0))
        }
        return PeerReader.credentials(of: socket).flatMap { credentials in
            PeerProcess.of(socket, credentials).and(PeerReader.groups(of: socket)).map { found, groups in
                let process = RelayProcess(
                    processID: credentials.processID, userID: credentials.userID,
                    groupIDs: [credentials.groupID] + groups, number: found.number, credentials: credentials,
                    descriptor: found.descriptor.map { ProcessDescriptor($0) })
                return (.process(process), credentials.userID)
            }
        }
    }

    /// Puts the handlers of a front into a connection whose reads nobody else asks for (`autoRead` off).
    package static func configure(
        _ channel: any Channel, handler: any RelayHandler, limits: RelayLimits, peer: RelayPeer
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        var encoding = HTTPResponseEncoder.Configuration()
        // The connection frames its answers itself: it knows of HEAD, which the encoder does not.
        encoding.automaticallySetFramingHeaders = false
        try pipeline.addHandler(HTTPResponseEncoder(configuration: encoding))
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(NIOHTTPResponseHeadersValidator())
        try pipeline.addHandler(
            RelayConnection(handler: handler, limits: limits, peer: peer, loop: channel.eventLoop))
    }

    /// Stops accepting and lets requests in flight end within `grace`; what is left is cancelled, which its handler may
    /// tell the client within `farewell`, then closed.
    public func stop(grace: Duration, farewell: Duration = .seconds(1)) async {
        try? await channel.close()
        connections.drain()
        await wait(grace)
        connections.tell(CancelEvent())
        await wait(farewell)
        connections.closeAll()
        checks.cancel()
    }

    private func wait(_ time: Duration) async {
        let clock = ContinuousClock()
        let deadline = clock.now + time
        while connections.count > 0, clock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
    }
}
