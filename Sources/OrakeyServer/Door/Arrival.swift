import LocalSockets
import NIOCore

/// The first handler of a connection that comes from the ``Door``: brings along what was read there and what is still to
/// be sent, and goes.
final class Arrival: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let departure: Departure

    init(_ departure: Departure) { self.departure = departure }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if departure.unsent.readableBytes > 0 {
            context.writeAndFlush(wrapOutboundOut(departure.unsent), promise: nil)
        }
        if departure.unread.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(departure.unread))
            context.fireChannelReadComplete()
        }
        if departure.isDraining { context.fireUserInboundEventTriggered(DrainEvent()) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
