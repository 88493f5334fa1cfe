import HTTPRelay
import LocalSockets
import NIOCore

/// The first look at a connection's bytes: answers ``PlainAuth`` questions, and makes way for the HTTP front, for good,
/// as soon as anything else comes. Who may pass is the gatekeeper's decision in both cases.
///
/// The channel reads only when asked to: whoever does not read the answers is not read from.
final class FrontHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let responseBytes = 384

    private let gatekeeper: Gatekeeper
    private let install: (any Channel) throws -> Void
    private let idleTime: TimeAmount
    /// Bytes that were not answered yet: the beginning of a request, or whole ones of a client that does not read.
    private var waiting: ByteBuffer?
    private var lastUse = NIODeadline.now()
    /// A write that fails makes the channel read what is left, from within the first read of the HTTP front.
    private var hasMadeWay = false

    /// - Parameter install: puts the HTTP front behind this handler.
    init(gatekeeper: Gatekeeper, idleTime: TimeAmount, install: @escaping (any Channel) throws -> Void) {
        self.gatekeeper = gatekeeper
        self.idleTime = idleTime
        self.install = install
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasMadeWay { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        if var whole = waiting {
            waiting = nil
            whole.writeBuffer(&bytes)
            bytes = whole
        }
        answer(bytes, context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasMadeWay { return context.fireChannelReadComplete() }
        if context.channel.isWritable { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if hasMadeWay { return context.fireChannelWritabilityChanged() }
        guard context.channel.isWritable else { return }
        if let bytes = waiting {
            waiting = nil
            answer(bytes, context)
        }
        context.read()
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

    private func makeWay(for bytes: ByteBuffer, context: ChannelHandlerContext) {
        hasMadeWay = true
        do {
            try install(context.channel)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if hasMadeWay { return context.fireUserInboundEventTriggered(event) }
        switch event {
        // Half-closed by the client: nothing more will come.
        case is DrainEvent, ChannelEvent.inputClosed as ChannelEvent: finish(context)
        case is CancelEvent: context.close(promise: nil)
        case is IdleCheck where NIODeadline.now() - lastUse >= idleTime: context.close(promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Closes the connection after what is still to be written.
    private func finish(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }
}
