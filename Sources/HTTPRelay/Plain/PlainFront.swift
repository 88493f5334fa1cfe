import CurlHTTP
import LocalSockets
import NIOCore

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
    private var state = State.waiting
    /// What came and is not yet relayed.
    private var input = PlainInput()
    private let output: PlainOutput
    /// The one that is being relayed.
    private var request: PlainRequest?
    private var link: UpstreamLink?
    /// The link served other exchanges before.
    private var linkWasKept = false
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
        relay: any PlainRelay, upstream: PlainUpstream, channel: any Channel, peer: RelayPeer, limits: RelayLimits,
        install: @escaping (any Channel) throws -> Void
    ) {
        self.relay = relay
        requestRules = relay.requestRules
        answerRules = relay.answerRules
        self.upstream = upstream
        pool = upstream.pool(on: channel.eventLoop)
        self.peer = peer
        self.limits = limits
        self.install = install
        output = PlainOutput(to: BareSocket(below: channel))
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        // Reads that stay registered cost a system call less each.
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasMadeWay { return context.fireChannelRead(data) }
        if input.count == 0, case .waiting = state { hasMoved = true }
        input.append(unwrapInboundIn(data))
        takeInput()
    }

    private func takeInput() {
        while case .waiting = state, input.count > 0 {
            // Whoever does not read the answers gets no more of them.
            guard let context, context.channel.isWritable else { break }
            switch input.next(requestRules) {
            case .request(let request): decide(on: request, isPrepared: false)
            case .incomplete: return holdBack(false)
            case .other: return makeWay()
            }
        }
        if !hasMadeWay { holdBack(input.count >= Self.mostWaiting) }
    }

    private func holdBack(_ isHeldBack: Bool) {
        guard self.isHeldBack != isHeldBack else { return }
        self.isHeldBack = isHeldBack
        try? context?.channel.syncOptions?.setOption(.autoRead, value: !isHeldBack)
    }

    private func decide(on request: PlainRequest, isPrepared: Bool) {
        switch relay.admit(request, from: peer, isPrepared: isPrepared) {
        case .granted(let exchange):
            input.advance()
            state = .relaying(exchange)
            self.request = request
            output.reset()
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
        let rest = input.giveUp()
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
        output.flush()
        waitsForRoom = false
        request = nil
        hasMoved = true
        if isLast { closeAfterWriting() } else { state = .waiting }
        exchange.concluded(isWhole: isWhole)
        takeInput()
    }

    /// The connection ends with the answer under way.
    private var isLast: Bool { isDraining || inputIsOver && input.count == 0 }

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
            if input.count > 0 { makeWay() } else { closeAfterWriting() }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func checkLimits() {
        let now = NIODeadline.now()
        if hasMoved { lastMove = now }
        hasMoved = false
        let time = now - lastMove
        switch state {
        case .waiting where input.count > 0 && context?.channel.isWritable == true:
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
                if let instead { answerItself(with: instead) } else { connect() }
            }
        }
        output.start(answer, exchange, isLast: isLast)
    }

    func receive(_ piece: ByteBuffer) {
        guard case .relaying(let exchange) = state else { return }
        hasMoved = true
        output.write(exchange.pass(piece))
    }

    func readIsOver() {
        guard output.isStarted, let context else { return }
        output.flush()
        guard !context.channel.isWritable else { return }
        waitsForRoom = true
        link?.setPaused(true)
    }

    func answerIsOver(withConnection: Bool) {
        guard case .relaying(let exchange) = state else { return }
        link = nil
        do throws(HTTPError) {
            output.write(try exchange.finish(withConnection: withConnection))
            output.end()
            conclude(isWhole: true)
        } catch {
            linkFailed(error)
        }
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
        guard output.isStarted else { return answerItself(with: exchange.refusal(of: error)) }
        guard let last = exchange.breakOff(error) else {
            // Its length, or its last chunk, is missing: the caller can tell.
            output.flush()
            context?.close(promise: nil)
            return
        }
        output.write(last)
        output.end()
        conclude(isWhole: false)
    }

    private func answerItself(with answer: RelayAnswer) {
        output.write(answer, isLast: isLast)
        conclude(isWhole: true)
    }
}
