import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Tells a connection to end as soon as its request is answered.
struct DrainEvent {}

/// Serves one site on one TCP address.
final class Listener: Sendable {
    private let channel: any Channel
    private let connections: ConnectionBook

    /// The address with the port that it got.
    let address: String

    /// Binds and listens.
    ///
    /// - Parameter front: answers plain questions before the parser; nil where every request is the parser's.
    static func start(
        on address: ListenAddress, site: any Site, front: Gatekeeper?, connections: ConnectionBook,
        group: MultiThreadedEventLoopGroup, limits: ServerLimits
    ) async throws -> Listener {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: limits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                guard connections.admit(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    guard let front else { return try install(on: channel, site: site, limits: limits) }
                    try channel.pipeline.syncOperations.addHandler(
                        FrontHandler(gatekeeper: front, idleTime: limits.idleTime) {
                            try install(on: $0, site: site, limits: limits)
                        })
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: address.host, port: address.port).get()
        } catch {
            throw ListenError(address: address, reason: "\(error)")
        }
        return Listener(channel: channel, connections: connections)
    }

    private init(channel: any Channel, connections: ConnectionBook) {
        self.channel = channel
        self.connections = connections
        let local = channel.localAddress
        let host = local?.ipAddress ?? "?"
        address = (host.contains(":") ? "[\(host)]" : host) + ":\(local?.port ?? 0)"
    }

    private static func install(on channel: any Channel, site: any Site, limits: ServerLimits) throws {
        let pipeline = channel.pipeline.syncOperations
        // Whoever sends requests without reading the answers is not read from any more.
        try pipeline.addHandler(BackPressureHandler())
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: false)
        try pipeline.addHandler(HTTPHandler(site: site, limits: limits))
    }

    /// Stops accepting.
    func close() async { try? await channel.close() }
}

/// Why an address can't be listened on.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    let address: ListenAddress
    let reason: String

    public var description: String { "\(address) can't be listened on: \(reason)" }
}

/// The connections of all listeners, so that there are never too many.
final class ConnectionBook: Sendable {
    private let limit: Int
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(limit: Int) { self.limit = limit }

    var count: Int { channels.withLock { $0.count } }

    /// Counts a connection until it closes; false when there are too many.
    func admit(_ channel: any Channel) -> Bool {
        let isAdmitted = channels.withLock { channels in
            guard channels.count < limit else { return false }
            channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in channels.withLock { $0[ObjectIdentifier(channel)] = nil } }
        return true
    }

    func drain() {
        for channel in channels.withLock({ Array($0.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
        }
    }

    func closeAll() {
        for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }
}
