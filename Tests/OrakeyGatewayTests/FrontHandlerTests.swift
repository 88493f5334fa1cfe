import LocalSockets
import NIOCore
import NIOEmbedded
import OrakeyKey
import Testing

@testable import OrakeyGateway

/// How the front makes way for the HTTP front.
@Suite struct FrontHandlerTests {
    /// A channel of which more is read from within its first read, as happens where a write fails.
    private final class Rereading: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var seen: [String] = []
        var events = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            seen.append(String(buffer: unwrapInboundIn(data)))
            guard seen.count == 1 else { return }
            context.pipeline.fireChannelRead(ByteBuffer(string: "second"))
            context.pipeline.fireUserInboundEventTriggered(DrainEvent())
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { events += 1 }
    }

    @Test func itMakesWayOnce() throws {
        let gatekeeper = Gatekeeper(networks: [], policies: OwnerPolicies(), cachedKeys: 1)
        let behind = Rereading()
        var installed = 0
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            FrontHandler(gatekeeper: gatekeeper, idleTime: .seconds(60)) { channel in
                installed += 1
                try channel.pipeline.syncOperations.addHandler(behind)
            })
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
        try channel.writeInbound(ByteBuffer(string: "third"))
        #expect(installed == 1)
        #expect(behind.seen == ["GET / HTTP/1.1\r\n\r\n", "second", "third"])
        #expect(behind.events == 1)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
