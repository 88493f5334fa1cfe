import Glibc
import HTTPRelay
import LocalSockets
import NIOCore
import NIOPosix

/// Serves one handler on one TCP address.
struct Listener: Sendable {
    private let channel: any Channel
    private let checks: RepeatedTask

    /// The address with the port that it got.
    let address: String

    /// Binds and listens.
    ///
    /// - Parameter front: answers plain questions before the parser; nil where every request is the parser's.
    static func start(
        on address: ListenAddress, handler: any RelayHandler, front: Gatekeeper?, connections: ConnectionBook,
        group: MultiThreadedEventLoopGroup, limits: RelayLimits
    ) async throws -> Listener {
        let idleTime = TimeAmount.seconds(limits.idleSeconds)
        // Who is at the other end of a TCP connection decides nothing here: only the key does.
        let install: @Sendable (any Channel) throws -> Void = { channel in
            try RelayServer.configure(channel, handler: handler, limits: limits, peer: .loopback)
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer(AcceptPause.install)
            .serverChannelOption(.backlog, value: limits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: limits.answerHighWater / 4, high: limits.answerHighWater)
            )
            .childChannelInitializer { channel in
                guard connections.admit(channel, userID: 0, needing: 1) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    guard let front else { return try install(channel) }
                    try channel.pipeline.syncOperations.addHandler(
                        FrontHandler(gatekeeper: front, idleTime: idleTime, install: install))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            let shortest = min(limits.idleSeconds, limits.stallSeconds, limits.wasteSeconds)
            let pause = TimeAmount.milliseconds(max(250, shortest * 1000 / 8))
            // One look at all connections now and then costs less than a timer for each.
            let checks = channel.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
                connections.tell(IdleCheck())
            }
            return Listener(channel: channel, checks: checks)
        } catch let error as IOError {
            throw ListenError(address: address, errorNumber: error.errnoCode)
        }
    }

    private init(channel: any Channel, checks: RepeatedTask) {
        self.channel = channel
        self.checks = checks
        let local = channel.localAddress
        let host = local?.ipAddress ?? "?"
        address = (host.contains(":") ? "[\(host)]" : host) + ":\(local?.port ?? 0)"
    }

    /// Stops accepting.
    func close() async {
        try? await channel.close()
        checks.cancel()
    }
}

/// Why an address can't be listened on.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    let address: ListenAddress
    /// As in errno(3).
    let errorNumber: CInt

    /// Whether it is a matter of privileges.
    public var isNotPermitted: Bool { errorNumber == EACCES || errorNumber == EPERM }

    public var description: String { "\(address) can't be listened on: \(reason)" }

    private var reason: String {
        switch errorNumber {
        case EADDRINUSE: "another process listens there: stop it, or choose another port in the configuration"
        case EADDRNOTAVAIL: "this host has no such address: choose one of its own in the configuration"
        case EACCES: "ports below 1024 take a privilege: grant CAP_NET_BIND_SERVICE, or choose another port"
        default: unsafe String(cString: strerror(errorNumber))
        }
    }
}
