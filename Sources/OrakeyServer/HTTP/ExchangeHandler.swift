import LocalSockets
import Logging
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyCore
import StrictJSON

/// One connection: collects a request within its bounds, finds out who asks, lets the router answer.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let router: any Router
    private let limits: ServerLimits
    private let log: Logger
    private let connection: ConnectionPeer

    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    /// Set once the request is beyond its bounds: the rest is read and thrown away.
    private var refusal: ErrorBody?
    private var wasted = 0
    /// The last answer was given; what still comes is not looked at.
    private var isOver = false
    /// When the last request was answered, else when the connection was made.
    private var lastUse = NIODeadline.now()
    private var endStream: (@Sendable () -> Void)?
    private var heartbeat: RepeatedTask?
    /// From a complete request to its answer.
    private var isBusy = false
    private var isDraining = false
    /// When all that was answered so far is sent; nil where that is so.
    private var unsent: EventLoopFuture<Void>?

    init(router: any Router, limits: ServerLimits, log: Logger, connection: ConnectionPeer) {
        self.router = router
        self.limits = limits
        self.log = log
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        // Whatever becomes of it, it may be a passphrase, or a key to be revoked.
        defer { if case .body(let bytes) = part { bytes.wipe() } }
        guard endStream == nil, !isOver else { return }
        switch part {
        case .head(let head):
            self.head = head
            dropBody()
            wasted = 0
            refusal = check(head)
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                if let refusal { return respond(.failure(refusal), to: head, context: context, mustClose: true) }
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(let bytes):
            if refusal == nil, body.readableBytes + bytes.readableBytes > limits.bodyBytes {
                refusal = ErrorBody(.tooLarge, "the body is larger than \(limits.bodyBytes) bytes")
                dropBody()
            }
            guard let refusal, let head else { return body.take(bytes, allocator: context.channel.allocator) }
            wasted += bytes.readableBytes
            if wasted > limits.wasteBytes {
                respond(.failure(refusal), to: head, context: context, mustClose: true)
            }
        case .end:
            guard let head else { return }
            self.head = nil
            isBusy = true
            if let refusal {
                self.refusal = nil
                return respond(.failure(refusal), to: head, context: context, mustClose: true)
            }
            dispatch(head, context: context)
        }
    }

    /// What can be refused from the head alone.
    private func check(_ head: HTTPRequestHead) -> ErrorBody? {
        let size = head.uri.utf8.count + head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        if size > limits.headBytes || head.headers.count > limits.headerCount {
            return ErrorBody(.headersTooLarge, "the request's head is larger than \(limits.headBytes) bytes")
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.bodyBytes {
            return ErrorBody(.tooLarge, "the body is larger than \(limits.bodyBytes) bytes")
        }
        // A web page can make a browser call local servers; no other client sends these.
        for name in WebPages.fields where head.headers.contains(name: name) {
            return ErrorBody(.browserRequest, "requests from web pages are refused (\(name) header)")
        }
        guard head.version == .http1_1 || head.version == .http1_0 else {
            return ErrorBody(.badRequest, "HTTP/1.1 is spoken here")
        }
        // RFC 9112, section 3.2: more than one is a mistake in any version, none is one in HTTP/1.1.
        let hosts = head.headers["host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
            return ErrorBody(.badRequest, "the request has \(hosts == 0 ? "no Host" : "more than one Host") header")
        }
        return nil
    }

    private func dispatch(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let needs = router.peerNeeds
        if needs.groups, connection.supplementaryGroups == nil,
            let socket = context.channel as? any SocketOptionProvider
        {
            // A reload has brought a rule for groups. The kernel still knows them as they were at the connect.
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            return PeerReader.groups(of: socket).whenSuccess { groups in
                let (handler, context) = bound.value
                handler.connection.supplementaryGroups = groups
                handler.dispatch(head, context: context)
            }
        }
        if needs.processDetails, let socket = context.channel as? any SocketOptionProvider,
            let reopened = connection.reopenProcess(on: socket)
        {
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            return reopened.whenComplete { _ in
                let (handler, context) = bound.value
                handler.dispatch(head, context: context)
            }
        }
        var executable: String?
        var units: [String] = []
        if needs.processDetails {
            (executable, units) = PeerReader.details(
                connection.credentials, descriptor: connection.process.descriptor)
        }
        let peer = Peer(
            processID: connection.credentials.processID, userID: connection.credentials.userID,
            groupIDs: connection.groups, executable: executable, units: units,
            process: connection.process.number)
        guard router.admits(peer) else {
            dropBody()
            return respond(
                .failure(ErrorBody(.forbidden, "this socket is for root and the service's own user")), to: head,
                context: context)
        }
        let exchange: Exchange
        switch Target.parse(head.uri) {
        case .success(let target):
            exchange = Exchange(
                method: head.method, path: target.path, query: target.query, headers: head.headers, body: body,
                peer: peer, allocator: context.channel.allocator)
        case .failure(let refusal):
            dropBody()
            return respond(.failure(refusal), to: head, context: context)
        }
        body = ByteBuffer()
        if let answer = router.answerAtOnce(exchange) {
            exchange.body.wipe()
            return respond(answer, to: head, context: context)
        }
        let router = router
        let log = log
        let future = context.eventLoop.makeFutureWithTask { () async -> Answer in
            do {
                return try await router.answer(exchange)
            } catch let refusal as Refusal {
                return .failure(refusal)
            } catch let error as AgentError {
                return .failure(Refusal(error))
            } catch {
                log.error("request failed", metadata: ["path": "\(exchange.path)", "error": "\(error)"])
                return .failure(ErrorBody(.internalError, "an internal error; the log says more"))
            }
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        future.whenComplete { _ in exchange.body.wipe() }
        future.whenSuccess { answer in
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.respond(answer, to: head, context: context)
        }
    }

    private func dropBody() {
        body.wipe()
        body = ByteBuffer()
    }

    // MARK: - Answering

    private func respond(
        _ answer: Answer, to head: HTTPRequestHead, context: ChannelHandlerContext, mustClose: Bool = false
    ) {
        switch answer {
        case .json(let status, let json, let allow, let retryAfter):
            var buffer = context.channel.allocator.buffer(bytes: json.serialize())
            buffer.writeString("\n")
            write(
                status, "application/json", buffer, head, context, mustClose: mustClose, allow: allow,
                retryAfter: retryAfter)
        case .bytes(let status, let type, let buffer):
            // May be a key.
            write(status, type, buffer, head, context, mustClose: mustClose).whenComplete { _ in buffer.wipe() }
        case .stream(let start):
            // Nobody listens any more: nothing would ever end the stream.
            guard context.channel.isActive, !isDraining else { return context.close(promise: nil) }
            // HTTP/1.0 knows no chunks: there the stream is all until the connection ends.
            let framing =
                head.version == .http1_0 ? ("connection", "close") : ("transfer-encoding", "chunked")
            let headers = HTTPHeaders([("content-type", "text/event-stream"), ("cache-control", "no-store"), framing])
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .ok, headers: headers))),
                promise: nil)
            // The write may have found the connection broken.
            guard context.channel.isActive else { return }
            let writer = EventWriter(channel: context.channel)
            heartbeat = context.eventLoop.scheduleRepeatedTask(
                initialDelay: .seconds(limits.heartbeatSeconds), delay: .seconds(limits.heartbeatSeconds)
            ) { _ in writer.comment() }
            endStream = start(writer)
        }
    }

    @discardableResult private func write(
        _ status: HTTPResponseStatus, _ type: String, _ buffer: ByteBuffer, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext, mustClose: Bool, allow: String? = nil, retryAfter: Int? = nil
    ) -> EventLoopFuture<Void> {
        isBusy = false
        lastUse = .now()
        let keepAlive = head.isKeepAlive && !mustClose && !isDraining
        var headers = HTTPHeaders()
        headers.reserveCapacity(4)
        headers.add(name: "content-type", value: type)
        headers.add(name: "content-length", value: String(buffer.readableBytes))
        headers.add(name: "cache-control", value: "no-store")
        if let allow { headers.add(name: "allow", value: allow) }
        if let retryAfter { headers.add(name: "retry-after", value: String(retryAfter)) }
        if !keepAlive {
            headers.add(name: "connection", value: "close")
            isOver = true
        }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil) }
        let channel = context.channel
        let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !keepAlive { end.whenComplete { _ in channel.close(promise: nil) } }
        unsent = end
        return end
    }

    // MARK: - Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainEvent {
            isDraining = true
            if endStream != nil { context.close(promise: nil) } else if !isBusy { end(context) }
        } else if let answer = event as? UnsentAnswer {
            unsent = answer.end
        } else if event is IdleCheck {
            // A caller that waits for an answer sends nothing meanwhile.
            if !isBusy, NIODeadline.now() - lastUse >= .seconds(limits.idleSeconds) { context.close(promise: nil) }
        } else if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            // Half-closed by the client: nothing more will come. A pending answer is still written.
            if endStream != nil {
                context.close(promise: nil)
            } else if isBusy {
                isDraining = true
            } else {
                end(context)
            }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Closes the connection once all that was answered is sent; what still comes is not looked at.
    private func end(_ context: ChannelHandlerContext) {
        isOver = true
        guard let unsent else { return context.close(promise: nil) }
        let channel = context.channel
        unsent.whenComplete { _ in channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        endStream?()
        endStream = nil
        heartbeat?.cancel()
        // What came of a request that is never made whole.
        dropBody()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        defer { context.close(promise: nil) }
        guard let error = error as? HTTPParserError, !isBusy, !isOver, endStream == nil else { return }
        let refusal =
            error == .headerOverflow
            ? ErrorBody(.headersTooLarge, "the request's head is larger than \(limits.headBytes) bytes")
            : ErrorBody(.badRequest, "this is not HTTP/1.1")
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        respond(.failure(refusal), to: head, context: context, mustClose: true)
    }
}
