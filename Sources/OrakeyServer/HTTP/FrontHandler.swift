import LocalSockets
import NIOCore
import OrakeyCore

/// What a router can answer without an HTTP parser.
protocol PlainKeySource: Sendable {
    /// Writes the whole response, head and body, for a peer who may have a key right now; false when anything else is to
    /// be said. May not block.
    func writePlainKey(for peer: Peer, asText: Bool, to buffer: inout ByteBuffer) -> Bool
}

/// The first look at a connection's bytes: answers ``PlainGet``s from the router, and makes way for the HTTP pipeline,
/// for good, as soon as anything else comes.
///
/// Programs that only ever fetch their key cost neither a parser nor its pipeline. The decision who gets which key is
/// the router's in both cases.
final class FrontHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let responseBytes = 1024

    private let source: any PlainKeySource
    private let peer: Peer
    private let install: () throws -> Void
    private let idleTime: TimeAmount
    private var lastUse = NIODeadline.now()
    /// A write that fails makes the channel read what is left, from within the first read of the pipeline.
    private var hasMadeWay = false

    /// - Parameter install: puts the HTTP pipeline behind this handler.
    init(
        source: any PlainKeySource, peer: ConnectionPeer, idleTime: TimeAmount, install: @escaping () throws -> Void
    ) {
        self.source = source
        self.peer = Peer(
            processID: peer.credentials.processID, userID: peer.credentials.userID, groupIDs: peer.groups,
            knowsAllGroups: peer.supplementaryGroups != nil)
        self.idleTime = idleTime
        self.install = install
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasMadeWay { return context.fireChannelRead(data) }
        let bytes = unwrapInboundIn(data)
        // Whoever does not read the answers gets the pipeline, which stops reading.
        guard context.channel.isWritable,
            let request = unsafe bytes.withUnsafeReadableBytes({ unsafe PlainGet.recognise($0) })
        else { return makeWay(for: data, context: context) }
        var response = context.channel.allocator.buffer(capacity: Self.responseBytes)
        guard source.writePlainKey(for: peer, asText: request.wantsText, to: &response) else {
            return makeWay(for: data, context: context)
        }
        lastUse = .now()
        context.writeAndFlush(wrapOutboundOut(response), promise: nil)
    }

    private func makeWay(for data: NIOAny, context: ChannelHandlerContext) {
        hasMadeWay = true
        do {
            try install()
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if hasMadeWay { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case is DrainEvent: finish(context)
        case is IdleCheck where NIODeadline.now() - lastUse >= idleTime: context.close(promise: nil)
        default: break
        }
    }

    /// Closes the connection after what is still to be written.
    private func finish(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }
}
