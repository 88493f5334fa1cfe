package import NIOCore

/// Where the system has no descriptor or memory for one more connection, nobody is let in for a while. By itself an event loop
/// of NIO tries again at once, for as long as somebody waits at the door; its `AcceptBackoffHandler` doesn't change that
/// while a read is pending, which it stays when accepting has failed.
package final class AcceptPause: ChannelInboundHandler {
    package typealias InboundIn = any Channel

    private static let length = TimeAmount.milliseconds(100)

    private var end: Scheduled<Void>?

    private init() {}

    /// A `serverChannelInitializer`.
    package static func install(on listener: any Channel) -> EventLoopFuture<Void> {
        listener.eventLoop.makeCompletedFuture {
            try listener.pipeline.syncOperations.addHandler(AcceptPause())
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Nobody behind is to close the listener over it; NIO has closed it where that is due.
        guard end == nil, let options = context.channel.syncOptions else { return }
        try? options.setOption(.autoRead, value: false)
        end = context.eventLoop.assumeIsolated().scheduleTask(in: Self.length) { [self] in
            end = nil
            try? options.setOption(.autoRead, value: true)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        end = nil
        context.fireChannelInactive()
    }
}
