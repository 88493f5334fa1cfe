import NIOCore

/// The first look at a connection's bytes: answers ``PlainAuth`` questions, and makes way for the HTTP pipeline, for
/// good, as soon as anything else comes. Who may pass is the gatekeeper's decision in both cases.
final class FrontHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let responseBytes = 384

    private let gatekeeper: Gatekeeper
    private let install: (any Channel) throws -> Void
    private let idleTime: TimeAmount
    /// Bytes that were not answered yet: the beginning of a request, or whole ones of a client that does not read.
    private var waiting: ByteBuffer?
    /// A read that was asked for while the client did not read.
    private var owesRead = false
    private var lastUse = NIODeadline.now()
    private var timer: Scheduled<Void>?

    /// - Parameter install: puts the HTTP pipeline behind this handler.
    init(gatekeeper: Gatekeeper, idleTime: TimeAmount, install: @escaping (any Channel) throws -> Void) {
        self.gatekeeper = gatekeeper
        self.idleTime = idleTime
        self.install = install
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(idleTime, context) }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if var whole = waiting {
            waiting = nil
            whole.writeBuffer(&bytes)
            bytes = whole
        }
        answer(bytes, context)
    }

    private func answer(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var bytes = bytes
        var response: ByteBuffer?
        while bytes.readableBytes > 0 {
            let finding = unsafe bytes.withUnsafeReadableBytes { unsafe PlainAuth.recognise($0) }
            guard finding != .incomplete, context.channel.isWritable else {
                waiting = bytes
                break
            }
            guard case .request(let request) = finding else {
                if let response { context.writeAndFlush(wrapOutboundOut(response), promise: nil) }
                return makeWay(for: bytes, context: context)
            }
            let verdict = unsafe bytes.withUnsafeReadableBytes { bytes in
                unsafe gatekeeper.authorise(
                    request.authorization.map { unsafe UnsafeRawBufferPointer(rebasing: bytes[$0]) }, for: .check)
            }
            bytes.moveReaderIndex(forwardBy: request.count)
            var buffer = response ?? context.channel.allocator.buffer(capacity: Self.responseBytes)
            response = nil
            AuthAnswer(verdict: verdict, isNginx: request.isNginx).write(to: &buffer)
            response = buffer
            lastUse = .now()
        }
        if let response { context.writeAndFlush(wrapOutboundOut(response), promise: nil) }
    }

    /// Whoever does not read the answers is not read from.
    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { owesRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if let bytes = waiting {
                waiting = nil
                answer(bytes, context)
            }
            if owesRead {
                owesRead = false
                context.read()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    private func makeWay(for bytes: ByteBuffer, context: ChannelHandlerContext) {
        do {
            try install(context.channel)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is DrainEvent: finish(context)
        // Half-closed by the client: nothing more will come.
        case let event as ChannelEvent where event == .inputClosed: finish(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Closes the connection after what is still to be written.
    private func finish(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Closes the connection when no whole request came for so long; bytes alone don't count.
    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            let unused = NIODeadline.now() - lastUse
            if unused >= idleTime { return context.close(promise: nil) }
            arm(idleTime - unused, context)
        }
    }
}
