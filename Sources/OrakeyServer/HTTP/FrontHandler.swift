import LocalSockets
import NIOCore
import OrakeyCore

/// What a router can answer without an HTTP parser.
protocol PlainKeySource: Sendable {
    /// Writes the whole response, head and body, for a peer who may have a key right now. May not block.
    ///
    /// - Parameter isRecorded: ``recordPlainKey(for:)`` was called for this very request.
    func writePlainKey(for peer: Peer, asText: Bool, isRecorded: Bool, to buffer: inout ByteBuffer) -> PlainKey
    /// Makes the record that a first hand-out waits for.
    func recordPlainKey(for peer: Peer) async
}

/// What became of a request for a key.
enum PlainKey: Sendable {
    case written
    /// The key may be had once that is on record.
    case unrecorded
    /// Anything else is to be said.
    case elsewhere
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
    /// Requests that wait for a record; nil while none does.
    private var held: [ByteBuffer]?
    private var isDraining = false

    /// - Parameter install: puts the HTTP pipeline behind this handler.
    init(
        source: any PlainKeySource, peer: ConnectionPeer, idleTime: TimeAmount, install: @escaping () throws -> Void
    ) {
        self.source = source
        self.peer = Peer(
            processID: peer.credentials.processID, userID: peer.credentials.userID, groupIDs: peer.groups,
            knowsAllGroups: peer.supplementaryGroups != nil, process: peer.process.number)
        self.idleTime = idleTime
        self.install = install
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasMadeWay { return context.fireChannelRead(data) }
        let bytes = unwrapInboundIn(data)
        guard held == nil else {
            held?.append(bytes)
            return
        }
        take([bytes], context: context)
    }

    /// - Parameter isRecorded: the first of these has waited for its record.
    private func take(_ requests: [ByteBuffer], isRecorded: Bool = false, context: ChannelHandlerContext) {
        for (index, bytes) in requests.enumerated() {
            switch answer(bytes, isRecorded: isRecorded && index == 0, context: context) {
            case .written: continue
            case .unrecorded where index > 0 || !isRecorded: return waitForRecord(requests[index...], context: context)
            case .unrecorded, .elsewhere: return makeWay(for: requests[index...], context: context)
            }
        }
        if isDraining { finish(context) }
    }

    private func answer(_ bytes: ByteBuffer, isRecorded: Bool, context: ChannelHandlerContext) -> PlainKey {
        // Whoever does not read the answers gets the pipeline, which stops reading.
        guard context.channel.isWritable,
            let request = unsafe bytes.withUnsafeReadableBytes({ unsafe PlainGet.recognise($0) })
        else { return .elsewhere }
        var response = context.channel.allocator.buffer(capacity: Self.responseBytes)
        let outcome = source.writePlainKey(
            for: peer, asText: request.wantsText, isRecorded: isRecorded, to: &response)
        guard case .written = outcome else { return outcome }
        lastUse = .now()
        context.writeAndFlush(wrapOutboundOut(response), promise: nil)
        return .written
    }

    /// The first hand-out to a process waits for its record, and what the client sends meanwhile waits behind it.
    private func waitForRecord(_ requests: ArraySlice<ByteBuffer>, context: ChannelHandlerContext) {
        held = Array(requests)
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let (source, peer) = (source, peer)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { await source.recordPlainKey(for: peer) }.whenComplete { _ in
            let (handler, context) = bound.value
            guard context.channel.isActive, let requests = handler.held else { return }
            handler.held = nil
            handler.take(requests, isRecorded: true, context: context)
            if handler.held == nil { try? context.channel.syncOptions?.setOption(.autoRead, value: true) }
        }
    }

    private func makeWay(for requests: ArraySlice<ByteBuffer>, context: ChannelHandlerContext) {
        hasMadeWay = true
        do {
            try install()
        } catch {
            return context.close(promise: nil)
        }
        for bytes in requests { context.fireChannelRead(NIOAny(bytes)) }
        if isDraining { context.fireUserInboundEventTriggered(DrainEvent()) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if hasMadeWay { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case is DrainEvent where held != nil: isDraining = true
        case is DrainEvent: finish(context)
        case is IdleCheck where held == nil && NIODeadline.now() - lastUse >= idleTime: context.close(promise: nil)
        default: break
        }
    }

    /// Closes the connection after what is still to be written.
    private func finish(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }
}
