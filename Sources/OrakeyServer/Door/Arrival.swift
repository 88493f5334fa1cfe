import LocalSockets
import NIOCore

/// The first handler of a connection that comes from the ``Door``: brings along what was read there and what is still to
/// be sent, and goes.
final class Arrival: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let departure: Departure
    private var isDraining: Bool

    init(_ departure: Departure) {
        self.departure = departure
        isDraining = departure.isDraining
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if departure.unsent.readableBytes > 0 {
            let unsent = departure.unsent
            let sent = context.writeAndFlush(wrapOutboundOut(unsent))
            sent.whenComplete { _ in unsent.wipe() }
            context.fireUserInboundEventTriggered(UnsentAnswer(end: sent))
        }
        if departure.unread.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(departure.unread))
            context.fireChannelReadComplete()
        }
        if isDraining { context.fireUserInboundEventTriggered(DrainEvent()) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// The end may be called for before the connection has arrived; what was read before that is answered first.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainEvent, !context.channel.isActive {
            isDraining = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}

/// Tells the handler of requests that an answer from the ``Door`` is still being sent.
struct UnsentAnswer: Sendable {
    let end: EventLoopFuture<Void>
}
