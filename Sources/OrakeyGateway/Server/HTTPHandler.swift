import NIOCore
import NIOHTTP1

/// One connection behind the HTTP parser: checks a request's head, lets the site answer, keeps the time.
final class HTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: any Site
    private let limits: ServerLimits
    /// The answer to the request whose body is still coming.
    private var answer: (Answer, HTTPRequestHead)?
    private var wasted = 0
    /// The last answer was given; what still comes is not looked at.
    private var isOver = false
    private var isDraining = false
    private var lastUse = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(site: any Site, limits: ServerLimits) {
        self.site = site
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(limits.idleTime, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            wasted = 0
            if let refusal = check(head) { return respond(refusal, to: head, context, mustClose: true) }
            if head.headers.contains(name: "expect") {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
            let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            answer = (site.answer(head, path: parts[0], query: parts.count == 2 ? parts[1] : ""), head)
        case .body(let part):
            wasted += part.readableBytes
            if let (answer, head) = answer, wasted > limits.wasteBytes {
                respond(answer, to: head, context, mustClose: true)
            }
        case .end:
            if let (answer, head) = answer { respond(answer, to: head, context) }
        }
    }

    /// What is refused before anybody looks at it.
    private func check(_ head: HTTPRequestHead) -> Answer? {
        func bad(_ message: String) -> Answer { .error(400, message, code: "bad_request") }
        let size = head.uri.utf8.count + head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard size <= limits.headBytes, head.headers.count <= limits.headerCount else {
            return .error(431, "the request's head is larger than \(limits.headBytes) bytes", code: "headers_too_large")
        }
        guard head.version == .http1_1 || head.version == .http1_0 else { return bad("HTTP/1.1 is spoken here") }
        let hosts = head.headers["host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else { return bad("one Host header is needed") }
        // Two lengths of one body are how requests are smuggled (RFC 9112, section 6.1).
        guard !head.headers.contains(name: "transfer-encoding") || !head.headers.contains(name: "content-length"),
            head.headers["content-length"].count <= 1
        else { return bad("Content-Length and Transfer-Encoding contradict each other") }
        guard head.uri.hasPrefix("/") else { return bad("the request target is not an absolute path") }
        return nil
    }

    private func respond(
        _ answer: Answer, to head: HTTPRequestHead, _ context: ChannelHandlerContext, mustClose: Bool = false
    ) {
        self.answer = nil
        lastUse = .now()
        let keepAlive = head.isKeepAlive && !mustClose && !isDraining
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Content-Length", value: String(answer.body.count))
        if !keepAlive {
            headers.add(name: "Connection", value: "close")
            isOver = true
        } else if head.version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        let status = HTTPResponseStatus(statusCode: answer.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: answer.body)))), promise: nil)
        }
        let channel = context.channel
        let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !keepAlive { end.whenComplete { _ in channel.close(promise: nil) } }
    }

    // MARK: - Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        // A client that has closed its side sends nothing more.
        case is DrainEvent, ChannelEvent.inputClosed as ChannelEvent:
            isDraining = true
            if answer == nil { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isOver else { return context.close(promise: nil) }
        let answer =
            error == .headerOverflow
            ? Answer.error(431, "the request's head is too large", code: "headers_too_large")
            : Answer.error(400, "this is not HTTP/1.1", code: "bad_request")
        respond(answer, to: HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), context, mustClose: true)
    }

    /// Closes the connection when no whole request came for so long; bytes alone don't count.
    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            let unused = NIODeadline.now() - lastUse
            if unused >= limits.idleTime { return context.close(promise: nil) }
            arm(limits.idleTime - unused, context)
        }
    }
}
