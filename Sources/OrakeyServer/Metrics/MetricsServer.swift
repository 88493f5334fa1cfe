import Glibc
import LocalSockets
public import Logging
import NIOCore
import NIOHTTP1
public import NIOPosix
import PrometheusText
import Synchronization

/// `GET /metrics` on a loopback port, and nothing else: every user of this host may read it.
public final class MetricsServer: Sendable {
    /// Connections at a time; a collector needs one.
    private static let mostConnections = 16
    /// How long a connection may take from its beginning to its end.
    private static let patience = TimeAmount.seconds(10)

    private let channel: any Channel

    /// Listens on a loopback address of this host, which is the caller's to make sure of.
    public static func start(
        host: String, port: UInt16, group: MultiThreadedEventLoopGroup, metrics: MetricsPage, log: Logger
    ) async throws -> MetricsServer {
        let meter = ConnectionMeter()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer(AcceptPause.install)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard meter.reading.open < mostConnections else { return channel.close() }
                meter.opened()
                let end = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
                channel.closeFuture.whenComplete { _ in
                    meter.closed()
                    end.cancel()
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(MetricsHandler(page: metrics, port: port, log: log))
                }
            }
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        do {
            return MetricsServer(try await bootstrap.bind(host: host, port: Int(port)).get())
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw SocketError.live(path: place)
        } catch let error as IOError {
            throw SocketError.failed(
                path: place, step: "listening for metrics",
                reason: unsafe String(cString: strerror(error.errnoCode)))
        }
    }

    private init(_ channel: any Channel) { self.channel = channel }

    /// Stops listening. Connections end by themselves.
    public func stop() async { try? await channel.close() }
}

/// One connection: one request, one answer.
private final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let page: MetricsPage
    private let port: UInt16
    private let log: Logger
    private var isAnswered = false

    init(page: MetricsPage, port: UInt16, log: Logger) {
        self.page = page
        self.port = port
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), !isAnswered else { return }
        isAnswered = true
        let refusal = MetricsRequest(head).refusal(port: port)
        let (page, log) = (page, log)
        let future = context.eventLoop.makeFutureWithTask { () async -> (HTTPResponseStatus, String) in
            if let refusal { return refusal }
            do {
                return (.ok, try await page.text())
            } catch {
                log.error("the metrics could not be put together", metadata: ["error": "\(error)"])
                return (.internalServerError, "an internal error; the log says more\n")
            }
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        future.whenSuccess { status, text in
            let (handler, context) = bound.value
            handler.answer(status, text, isHead: head.method == .HEAD, context)
        }
    }

    private func answer(_ status: HTTPResponseStatus, _ text: String, isHead: Bool, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers: HTTPHeaders = [
            "content-type": status == .ok ? MetricsText.contentType : "text/plain; charset=utf-8",
            "content-length": String(text.utf8.count), "cache-control": "no-store", "connection": "close",
        ]
        if status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// What of a request decides whether it is answered.
struct MetricsRequest {
    private let method: HTTPMethod
    private let uri: String
    private let headers: HTTPHeaders

    init(_ head: HTTPRequestHead) {
        method = head.method
        uri = head.uri
        headers = head.headers
    }

    /// Why not, or nil. A web page can make a browser ask a local port; see ``WebPages``.
    func refusal(port: UInt16) -> (HTTPResponseStatus, String)? {
        let hosts = headers["host"]
        guard hosts.count == 1, WebPages.isThisHost(hosts[0], port: port) else {
            return (.misdirectedRequest, "the Host is not this port: use localhost, 127.0.0.1 or [::1]\n")
        }
        for name in WebPages.fields where headers.contains(name: name) {
            return (.forbidden, "requests from web pages are refused (\(name) header)\n")
        }
        guard uri == "/metrics" else { return (.notFound, "there is nothing at this path; GET /metrics\n") }
        guard method == .GET || method == .HEAD else { return (.methodNotAllowed, "this path takes GET\n") }
        return nil
    }
}
