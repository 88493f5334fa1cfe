public import CurlHTTP
import NIOCore
import NIOPosix
import Synchronization

/// A server that speaks HTTP/1.1 in the clear, reached from the event loops of its callers' connections.
public final class PlainUpstream: Sendable {
    /// What its connections need to know of it.
    struct Server: Sendable {
        enum Place: Sendable {
            case port(host: String, Int)
            case unix(path: String)
        }

        let base: HTTPURL
        let place: Place
        /// For the Host field.
        let authority: String
        let connect: TimeAmount
        /// The clock by which kept connections grow old.
        let now: @Sendable () -> NIODeadline
    }

    private let server: Server
    /// How long the server may be silent.
    let idle: TimeAmount
    var base: HTTPURL { server.base }
    private let pools = Mutex<[ObjectIdentifier: UpstreamPool]>([:])

    /// Nil where the address asks for more than that: TLS, and with it HTTP/2, are libcurl's.
    public convenience init?(_ base: HTTPURL, connect: Duration = .seconds(10), idle: Duration = .seconds(600)) {
        self.init(base, connect: connect, idle: idle, now: { .now() })
    }

    init?(
        _ base: HTTPURL, connect: Duration = .seconds(10), idle: Duration = .seconds(600),
        now: @escaping @Sendable () -> NIODeadline
    ) {
        guard base.scheme == "http" else { return nil }
        server = Server(
            base: base,
            place: base.unixSocketPath.map { .unix(path: $0) } ?? .port(host: base.host.withoutBrackets, base.port),
            authority: base.port == 80 ? base.host : "\(base.host):\(base.port)", connect: TimeAmount(connect), now: now
        )
        self.idle = TimeAmount(idle)
    }

    /// The connections of one event loop.
    func pool(on loop: any EventLoop) -> UpstreamPool {
        pools.withLock { pools in
            if let pool = pools[ObjectIdentifier(loop)] { return pool }
            let pool = UpstreamPool(server, loop: loop)
            pools[ObjectIdentifier(loop)] = pool
            return pool
        }
    }
}

/// The connections between two exchanges, of one event loop, to which everything mutable belongs; that is why
/// `@unchecked` holds.
final class UpstreamPool: @unchecked Sendable {
    /// Connections kept open between exchanges, and how long.
    private static let mostKept = 64
    static let keptFor = TimeAmount.seconds(60)

    let upstream: PlainUpstream.Server
    private let loop: any EventLoop
    private var kept: [(link: UpstreamLink, since: NIODeadline)] = []

    init(_ upstream: PlainUpstream.Server, loop: any EventLoop) {
        self.upstream = upstream
        self.loop = loop
    }

    /// A kept connection, if there is one that is not too old and on which nothing has come since its last answer.
    func take() -> UpstreamLink? {
        let now = upstream.now()
        while let (link, since) = kept.popLast() {
            if now - since <= Self.keptFor, link.isQuiet { return link }
            link.close()
        }
        return nil
    }

    func keep(_ link: UpstreamLink) {
        let now = upstream.now()
        // The one used last is taken first, so those at the front are the oldest.
        while let oldest = kept.first, kept.count >= Self.mostKept || now - oldest.since > Self.keptFor {
            kept.removeFirst()
            oldest.link.close()
        }
        kept.append((link, now))
    }

    /// The server has ended this connection.
    func forget(_ link: UpstreamLink) { kept.removeAll { $0.link === link } }

    /// Opens a connection.
    func open(_ done: @escaping (Result<UpstreamLink, HTTPError>) -> Void) {
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(upstream.connect).channelInitializer {
            [self] channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(UpstreamLink(pool: self))
            }
        }
        let opened =
            switch upstream.place {
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .port(let host, let port):
                if let address = try? SocketAddress(ipAddress: host, port: port) {
                    bootstrap.connect(to: address)
                } else {
                    bootstrap.connect(host: host, port: port)
                }
            }
        opened.assumeIsolated().whenComplete { [base = upstream.base] result in
            done(
                result.flatMap { channel in
                    Result { try channel.pipeline.syncOperations.handler(type: UpstreamLink.self) }
                }.mapError { HTTPError(connecting: $0, to: base) })
        }
    }
}

extension HTTPError {
    fileprivate init(connecting error: any Error, to base: HTTPURL) {
        switch error {
        case ChannelError.connectTimeout: self.init(.timedOut(.connect), "\(base): no connection in time")
        case let error as NIOConnectionError where error.connectionErrors.isEmpty:
            self.init(.nameNotFound, "\(base): the host's name has no address")
        default: self.init(.notReachable, "\(base): nothing answers there")
        }
    }
}

extension String {
    /// An IPv6 address without the brackets it has in a URL.
    fileprivate var withoutBrackets: String { hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self }
}
