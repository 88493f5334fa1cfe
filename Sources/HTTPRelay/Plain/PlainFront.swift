import CurlHTTP
import LocalSockets
import NIOCore
import NIOHTTP1

/// The short way of a front: relays ``PlainRequest``s as bytes, on the event loop of the caller's connection, and makes
/// way for the full front, for good, as soon as anything else comes.
final class PlainFront: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of further requests that wait for the answer to the first before the caller is held back.
    private static let mostWaiting = 64 * 1024
    /// A request that takes longer to arrive goes to the full front, which has bounds for that.
    private static let longestArrival = TimeAmount.seconds(1)
    /// Up to this size a piece goes out with what was written before it, beyond it on its own.
    private static let copiedBytes = 16 * 1024
    /// What a buffer for answers may hold on to.
    private static let usualBytes = 64 * 1024
    private static let smallBuffer = 2048

    private enum State {
        case waiting
        /// The relay has asked for time.
        case preparing
        case relaying(any PlainExchange)
        /// Closes once the caller has taken what was written.
        case ending
        case closed
    }

    private let relay: any PlainRelay
    private let requestRules: FieldRules
    private let answerRules: FieldRules
    private let upstream: PlainUpstream
    private let pool: UpstreamPool
    private let peer: RelayPeer
    private let limits: RelayLimits
    private let install: (any Channel) throws -> Void

    private var context: ChannelHandlerContext?
    private var socket: BareSocket?
    private var state = State.waiting
    /// What came and is not yet relayed.
    private var input = ByteBuffer()
    private var reader = PlainFormReader()
    private var form: PlainForm?
    /// The one that is being relayed.
    private var request: PlainRequest?
    private var link: UpstreamLink?
    /// The link served other exchanges before.
    private var linkWasKept = false
    private var output: ByteBuffer
    private var isStarted = false
    private var isChunked = false
    /// The answer waits for the caller to take some of it.
    private var waitsForRoom = false
    /// As of the last look at the limits; what has moved since then is dated by the next one.
    private var lastMove = NIODeadline.now()
    private var hasMoved = false
    private var isHeldBack = false
    private var inputIsOver = false
    private var isDraining = false
    /// A write that fails makes the channel read what is left, from within the first read of the full front.
    private var hasMadeWay = false

    /// - Parameter install: puts the full front behind this handler.
    init(
        relay: any PlainRelay, upstream: PlainUpstream, loop: any EventLoop, peer: RelayPeer, limits: RelayLimits,
        install: @escaping (any Channel) throws -> Void
    ) {
        self.relay = relay
        requestRules = relay.requestRules
        answerRules = relay.answerRules
        self.upstream = upstream
        pool = upstream.pool(on: loop)
        self.peer = peer
        self.limits = limits
        self.install = install
        output = ByteBufferAllocator().buffer(capacity: Self.smallBuffer)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        socket = BareSocket(below: context.channel)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        // Reads that stay registered cost a system call less each.
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasMadeWay { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if input.readableBytes == 0 {
            input = bytes
            if case .waiting = state { hasMoved = true }
        } else {
            input.writeBuffer(&bytes)
        }
        takeInput()
    }

    private func takeInput() {
        while case .waiting = state, input.readableBytes > 0 {
            // Whoever does not read the answers gets no more of them.
            guard let context, context.channel.isWritable else { break }
            if form == nil {
                switch reader.read(input, rules: requestRules) {
                case .form(let found): form = found
                case .incomplete: return holdBack(false)
                case .other: return makeWay()
                }
            }
            guard let form, let bytes = input.getSlice(at: input.readerIndex, length: form.count) else {
                return holdBack(false)
            }
            decide(on: PlainRequest(form: form, bytes: bytes), isPrepared: false)
        }
        if !hasMadeWay { holdBack(input.readableBytes >= Self.mostWaiting) }
    }

    private func holdBack(_ isHeldBack: Bool) {
        guard self.isHeldBack != isHeldBack else { return }
        self.isHeldBack = isHeldBack
        try? context?.channel.syncOptions?.setOption(.autoRead, value: !isHeldBack)
    }

    private func decide(on request: PlainRequest, isPrepared: Bool) {
        switch relay.admit(request, from: peer, isPrepared: isPrepared) {
        case .granted(let exchange):
            input.moveReaderIndex(forwardBy: request.form.count)
            // Held on to, its memory could not serve the next read.
            if input.readableBytes == 0 { input = ByteBuffer() }
            reader = PlainFormReader()
            form = nil
            state = .relaying(exchange)
            self.request = request
            isStarted = false
            connect()
        case .later(let work) where !isPrepared:
            state = .preparing
            after(work) { [self] _ in
                guard case .preparing = state else { return }
                state = .waiting
                decide(on: request, isPrepared: true)
                takeInput()
            }
        case .later, .elsewhere: makeWay()
        }
    }

    private func after<Result: Sendable>(
        _ work: @escaping @Sendable () async -> Result, _ body: @escaping (Result) -> Void
    ) {
        guard let loop = context?.eventLoop else { return }
        loop.makeFutureWithTask(work).assumeIsolated().whenSuccess(body)
    }

    private func makeWay() {
        guard let context else { return }
        hasMadeWay = true
        state = .closed
        let rest = input
        input = ByteBuffer()
        do {
            // The full front asks for its reads.
            try context.channel.syncOptions?.setOption(.autoRead, value: false)
            try install(context.channel)
        } catch {
            return context.close(promise: nil)
        }
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.fireChannelReadComplete()
        if isDraining { context.fireUserInboundEventTriggered(DrainEvent()) }
        if inputIsOver { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        self.context = nil
        socket = nil
    }

    // MARK: The upstream

    private func connect() {
        if let link = pool.take() { send(on: link, wasKept: true) } else { connectAnew() }
    }

    private func connectAnew() {
        guard case .relaying(let exchange) = state else { return }
        pool.open { [self] result in
            guard case .relaying(let current) = state, current === exchange else {
                // The caller is gone.
                if case .success(let link) = result { link.close() }
                return
            }
            switch result {
            case .success(let link): send(on: link, wasKept: false)
            case .failure(let error): linkFailed(error)
            }
        }
    }

    private func send(on link: UpstreamLink, wasKept: Bool) {
        guard case .relaying(let exchange) = state, let request else { return }
        self.link = link
        linkWasKept = wasKept
        hasMoved = true
        link.send(request, exchange, rules: answerRules, for: self)
    }

    /// The exchange is over, with an answer that is out.
    private func conclude(isWhole: Bool) {
        guard case .relaying(let exchange) = state else { return }
        flush()
        waitsForRoom = false
        request = nil
        hasMoved = true
        if isLast { closeAfterWriting() } else { state = .waiting }
        exchange.concluded(isWhole: isWhole)
        takeInput()
    }

    /// The connection ends with the answer under way.
    private var isLast: Bool { isDraining || inputIsOver && input.readableBytes == 0 }

    // MARK: The answer

    private func startAnswer(_ status: Int) {
        isStarted = true
        if status == 200 {
            output.writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        output.writeStaticString("HTTP/1.1 ")
        output.writeString(String(status))
        output.writeStaticString(" ")
        output.writeString(HTTPResponseStatus(statusCode: status).reasonPhrase)
        output.writeStaticString("\r\n")
    }

    private func endHead() {
        if isLast { output.writeStaticString("connection: close\r\n") }
        output.writeStaticString("\r\n")
    }

    private func write(_ piece: ByteBuffer) {
        guard piece.readableBytes > 0, let socket else { return }
        if isChunked {
            output.writeString(String(piece.readableBytes, radix: 16))
            output.writeStaticString("\r\n")
        }
        if piece.readableBytes <= Self.copiedBytes {
            output.writeImmutableBuffer(piece)
        } else {
            socket.queue(output)
            output.clear()
            socket.queue(piece)
        }
        if isChunked { output.writeStaticString("\r\n") }
    }

    private func flush() {
        socket?.send(output)
        // Most often all of it is out by now, and its memory serves again.
        if output.capacity > Self.usualBytes {
            output = ByteBufferAllocator().buffer(capacity: Self.smallBuffer)
        } else {
            output.clear()
        }
    }

    private func writeWhole(_ answer: RelayAnswer) {
        isChunked = false
        startAnswer(answer.status)
        for field in HopByHop.strip(answer.headers) { output.writeString("\(field.name): \(field.value)\r\n") }
        output.writeString("content-length: \(answer.body.count)\r\n")
        endHead()
        output.writeBytes(answer.body)
        conclude(isWhole: true)
    }

    // MARK: Events

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if hasMadeWay { return context.fireChannelWritabilityChanged() }
        guard context.channel.isWritable else { return }
        hasMoved = true
        waitsForRoom = false
        link?.setPaused(false)
        takeInput()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if hasMadeWay { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case is DrainEvent:
            isDraining = true
            if case .waiting = state { closeAfterWriting() }
        case is CancelEvent:
            guard case .relaying = state else { return context.close(promise: nil) }
            abandonLink()
            linkFailed(HTTPError(.cancelled, "the front is ending", mayHaveBeenSent: true))
        case is IdleCheck: checkLimits()
        case ChannelEvent.inputClosed as ChannelEvent:
            inputIsOver = true
            // A caller that has said all may still wait for its answer.
            guard case .waiting = state else { return }
            if input.readableBytes > 0 { makeWay() } else { closeAfterWriting() }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func checkLimits() {
        let now = NIODeadline.now()
        if hasMoved { lastMove = now }
        hasMoved = false
        let time = now - lastMove
        switch state {
        case .waiting where input.readableBytes > 0 && context?.channel.isWritable == true:
            if time >= Self.longestArrival { makeWay() }
        case .waiting: if time >= .seconds(limits.idleSeconds) { context?.close(promise: nil) }
        case .ending: if time >= .seconds(limits.stallSeconds) { context?.close(promise: nil) }
        case .relaying where waitsForRoom: if time >= .seconds(limits.stallSeconds) { context?.close(promise: nil) }
        case .relaying where link != nil:
            guard time >= upstream.idle else { return }
            abandonLink()
            linkFailed(
                HTTPError(.timedOut(.idle), "\(upstream.base): nothing came for too long", mayHaveBeenSent: true))
        case .preparing, .relaying, .closed: break
        }
    }

    private func abandonLink() {
        let link = link
        self.link = nil
        link?.abandon()
    }

    private func closeAfterWriting() {
        guard let context else { return }
        state = .ending
        hasMoved = true
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let last = state
        state = .closed
        self.context = nil
        socket = nil
        abandonLink()
        if case .relaying(let exchange) = last { exchange.concluded(isWhole: false) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if hasMadeWay { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }
}

extension PlainFront: UpstreamUser {
    func receive(_ answer: PlainAnswer) {
        guard case .relaying(let exchange) = state else { return }
        hasMoved = true
        guard exchange.accepts(answer) else {
            abandonLink()
            return after({ await exchange.renew() }) { [self] instead in
                guard case .relaying(let current) = state, current === exchange else { return }
                if let instead { writeWhole(instead) } else { connect() }
            }
        }
        startAnswer(answer.status)
        answer.writeKept(to: &output)
        isChunked = false
        switch answer.framing {
        case .none: break
        // A stream may get an event more than the upstream announced.
        case .length(let length) where !answer.isEventStream:
            output.writeStaticString("content-length: ")
            output.writeString(String(length))
            output.writeStaticString("\r\n")
        case .length, .chunks, .connection:
            output.writeStaticString("transfer-encoding: chunked\r\n")
            isChunked = true
        }
        exchange.writeAnswerFields(to: &output)
        endHead()
    }

    func receive(_ piece: ByteBuffer) {
        guard case .relaying(let exchange) = state else { return }
        hasMoved = true
        write(exchange.pass(piece))
    }

    func readIsOver() {
        guard isStarted, let context else { return }
        flush()
        guard !context.channel.isWritable else { return }
        waitsForRoom = true
        link?.setPaused(true)
    }

    func answerIsOver(withConnection: Bool) {
        guard case .relaying(let exchange) = state else { return }
        link = nil
        do throws(HTTPError) {
            write(try exchange.finish(withConnection: withConnection))
            endAnswer()
        } catch {
            linkFailed(error)
        }
    }

    private func endAnswer(isWhole: Bool = true) {
        if isChunked { output.writeStaticString("0\r\n\r\n") }
        conclude(isWhole: isWhole)
    }

    /// A server may end a kept connection just as a request goes out on it. Where that does no harm (RFC 9110, section
    /// 9.2.2), the request is sent once more: on a new connection, whose end has another reason.
    func linkEndedSilently(_ error: HTTPError) {
        guard linkWasKept, let request, request.form.isSafe || !error.mayHaveBeenSent else { return linkFailed(error) }
        link = nil
        connectAnew()
    }

    func linkFailed(_ error: HTTPError) {
        guard case .relaying(let exchange) = state else { return }
        link = nil
        guard isStarted else { return writeWhole(exchange.refusal(of: error)) }
        guard let last = exchange.breakOff(error) else {
            // Its length, or its last chunk, is missing: the caller can tell.
            flush()
            context?.close(promise: nil)
            return
        }
        write(last)
        endAnswer(isWhole: false)
    }
}
