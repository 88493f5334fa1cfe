import CurlHTTP
import LocalSockets
import NIOCore
import NIOHTTP1

/// One connection of a front: one request at a time, read only as far as somebody wants it.
final class RelayConnection: ChannelInboundHandler, RelayExchange.Line {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Between two requests.
        case idle
        case busy(RelayExchange)
        /// The last answer is on its way out.
        case ending(since: NIODeadline)
        /// The last answer is out; what still comes of the request is thrown away for a while.
        case wasting(since: NIODeadline)
        case closed
    }

    private let handler: any RelayHandler
    private let limits: RelayLimits
    private let peer: RelayPeer
    private let executor: LoopExecutor
    private var state = State.idle
    private var context: ChannelHandlerContext?
    /// Of a client that sends its next request before it has the answer to the last.
    private var backlog = CircularBuffer<HTTPServerRequestPart>()
    private var isReading = false
    private var flushIsDue = false
    private var isDraining = false
    private var inputIsOver = false
    private var idleSince = NIODeadline.now()
    private var bodyBytes = 0
    private var wasted = 0

    init(handler: any RelayHandler, limits: RelayLimits, peer: RelayPeer, loop: any EventLoop) {
        self.handler = handler
        self.limits = limits
        self.peer = peer
        executor = LoopExecutor(loop)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        read()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        wantMore()
        context.fireChannelReadComplete()
    }

    private func take(_ part: HTTPServerRequestPart) {
        switch state {
        case .ending(_):
            if case .end = part { exchangeIsReceiving = false }
        case .closed: break
        case .wasting:
            if case .body(let buffer) = part { wasted += buffer.readableBytes }
            if case .end = part { return close() }
            if wasted > limits.wasteBytes { close() }
        case .idle:
            if case .head(let head) = part { begin(head) }
        case .busy(let exchange):
            guard !exchange.bodyIsOver || exchangeIsReceiving else {
                backlog.append(part)
                return
            }
            switch part {
            case .head: backlog.append(part)
            case .body(let buffer):
                bodyBytes += buffer.readableBytes
                guard bodyBytes <= limits.bodyBytes else {
                    exchange.endReading(.bodyTooLarge(limit: limits.bodyBytes))
                    return
                }
                exchange.take(buffer)
            case .end:
                exchangeIsReceiving = false
                exchange.endBody(.success(()))
            }
        }
    }

    /// The request under way has not come to its end, whether anybody still reads it or not.
    private var exchangeIsReceiving = false

    func wantMore() {
        switch state {
        case .idle, .wasting: read()
        case .busy(let exchange): if exchange.wantsMore { read() }
        case .ending, .closed: break
        }
    }

    private func read() {
        guard !isReading, !inputIsOver, let context else { return }
        isReading = true
        context.read()
    }

    // MARK: Requests

    private func begin(_ head: HTTPRequestHead) {
        guard let context else { return }
        bodyBytes = 0
        exchangeIsReceiving = true
        let framing: RequestCheck.Framing
        do throws(RequestProblem) {
            framing = try RequestCheck.framing(of: head, limits: limits)
            if let length = framing.length, length > limits.bodyBytes { throw .bodyTooLarge(limit: limits.bodyBytes) }
        } catch {
            return refuse(error, isHead: head.method == .HEAD)
        }
        let exchange = RelayExchange(
            line: self, loop: context.eventLoop, head: head, framing: framing, highWater: limits.bodyHighWater,
            mustClose: !head.isKeepAlive || isDraining)
        state = .busy(exchange)
        let request = RelayRequest(
            method: head.method.rawValue, target: head.uri, headers: head.headers.map { HTTPField($0.name, $0.value) },
            peer: peer, contentLength: framing.length, body: RequestBody(exchange: exchange))
        let handler = handler
        exchange.task = Task(executorPreference: executor) {
            await handler.handle(request, AnswerWriter(exchange: exchange))
            exchange.onLoop { exchange in
                if !exchange.isStarted {
                    exchange.mustClose = true
                    exchange.start(status: 500, headers: [], length: 0)
                    exchange.finish()
                } else {
                    // Without effect where the answer is complete.
                    exchange.cut()
                }
            }
        }
    }

    /// Answers a request that no handler gets to see, and ends the connection.
    private func refuse(_ problem: RequestProblem, isHead: Bool) {
        let answer = handler.refusal(of: problem)
        var fields = HTTPHeaders(HopByHop.strip(answer.headers).map { ($0.name, $0.value) })
        fields.add(name: "content-length", value: String(answer.body.count))
        fields.add(name: "connection", value: "close")
        let status = HTTPResponseStatus(statusCode: answer.status)
        put(.head(HTTPResponseHead(version: .http1_1, status: status, headers: fields)), flush: false)
        if !isHead { put(.body(.byteBuffer(ByteBuffer(bytes: answer.body))), flush: false) }
        end()
    }

    // MARK: What an exchange asks for

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func put(_ part: HTTPServerResponsePart, flush: Bool) { put(part, flush: flush, promise: nil) }

    private func put(_ part: HTTPServerResponsePart, flush: Bool, promise: EventLoopPromise<Void>?) {
        guard let context else { return }
        context.write(wrapOutboundOut(part), promise: promise)
        if flush {
            flushIsDue = false
            return context.flush()
        }
        guard !flushIsDue else { return }
        // Head and first piece often come together: what is written within one turn of the loop goes out in one call.
        flushIsDue = true
        context.eventLoop.assumeIsolated().execute { [self] in
            guard flushIsDue else { return }
            flushIsDue = false
            self.context?.flush()
        }
    }

    func answered(by exchange: RelayExchange) {
        guard case .busy(let current) = state, current === exchange else { return }
        guard !exchange.mustClose, !exchangeIsReceiving, !isDraining, !(inputIsOver && backlog.isEmpty) else {
            return end()
        }
        put(.end(nil), flush: true)
        state = .idle
        idleSince = .now()
        while case .idle = state, let part = backlog.popFirst() { take(part) }
        while case .busy(let next) = state, !next.bodyIsOver || exchangeIsReceiving, let part = backlog.popFirst() {
            take(part)
        }
        if inputIsOver { endOfInput() }
        wantMore()
    }

    /// Ends the last answer; once it is out, the connection.
    private func end() {
        guard let context else { return }
        state = .ending(since: .now())
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in waste() }
        put(.end(nil), flush: true, promise: promise)
    }

    /// A request that was not read to its end is read on for a while: closing now would take the answer from a client
    /// that sends before it reads.
    private func waste() {
        guard case .ending = state, let context else { return }
        guard exchangeIsReceiving, !inputIsOver else { return close() }
        state = .wasting(since: .now())
        context.close(mode: .output, promise: nil)
        read()
    }

    func cut() { close() }

    private func close() {
        if case .closed = state { return }
        let exchange: RelayExchange? = if case .busy(let exchange) = state { exchange } else { nil }
        state = .closed
        exchange?.abandon()
        // What was written goes out as far as the client takes it; an unfinished answer lacks its last chunk or bytes.
        context?.flush()
        context?.close(promise: nil)
    }

    // MARK: Events

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .busy(let exchange) = state { exchange.madeRoom() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is DrainEvent:
            isDraining = true
            switch state {
            case .idle: close()
            case .busy(let exchange): exchange.mustClose = true
            case .ending, .wasting, .closed: break
            }
        case is CancelEvent:
            if case .ending = state { break }
            if case .busy(let exchange) = state { exchange.task?.cancel() } else { close() }
        case is IdleCheck: checkLimits()
        case ChannelEvent.inputClosed as ChannelEvent:
            inputIsOver = true
            endOfInput()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A client that has said all may still wait for its answer.
    private func endOfInput() {
        switch state {
        case .idle, .wasting: close()
        case .busy(let exchange): if exchangeIsReceiving { exchange.endReading(.gone) }
        case .ending, .closed: break
        }
    }

    private func checkLimits() {
        let now = NIODeadline.now()
        switch state {
        case .idle: if now - idleSince >= .seconds(limits.idleSeconds) { close() }
        case .ending(let since): if now - since >= .seconds(limits.stallSeconds) { close() }
        case .wasting(let since): if now - since >= .seconds(limits.wasteSeconds) { close() }
        case .busy(let exchange):
            let hasStalled = now - exchange.lastMove >= .seconds(limits.stallSeconds)
            if exchange.waitsForRoom, hasStalled {
                close()
            } else if exchange.bodyIsWaitedFor, let since = exchange.bodySince,
                hasStalled || now - since >= .seconds(limits.bodySeconds)
            {
                exchange.endReading(.timedOut)
            }
        case .closed: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        self.context = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The parser has stopped; whatever else went wrong has taken the connection with it.
        guard let error = error as? HTTPParserError else { return close() }
        let problem: RequestProblem =
            error == .headerOverflow
            ? .headTooLarge(limit: limits.headBytes) : .malformed("this is not HTTP/1.1, or its length is ambiguous")
        switch state {
        case .idle:
            exchangeIsReceiving = true
            refuse(problem, isHead: false)
        case .busy(let exchange):
            exchange.mustClose = true
            inputIsOver = true
            if exchangeIsReceiving { exchange.endReading(problem) }
        case .ending: inputIsOver = true
        case .wasting, .closed: close()
        }
    }
}

/// Tells a connection to cancel its request in flight, which may still say so to its client.
package struct CancelEvent: Sendable { package init() {} }
