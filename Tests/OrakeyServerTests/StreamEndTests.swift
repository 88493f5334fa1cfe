import Glibc
import NIOCore
import OrakeyCore
import Synchronization
import Testing

@testable import LocalSockets
@testable import OrakeyServer

/// Streams whose listener is gone before they begin.
@Suite struct StreamEndTests {
    /// Gives a stream once it is told to.
    private final class Slow: Router {
        let peerNeeds = PeerNeeds.none
        let (asked, isAsked) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let (handled, isHandled) = AsyncStream<Void>.makeStream()
        let running = Mutex(0)

        func answerAtOnce(_ exchange: Exchange) -> Answer? { nil }
        func answer(_ exchange: Exchange) async throws -> Answer {
            isAsked.yield()
            for await _ in released { break }
            let mark = Mark(isHandled)
            return .stream { _ in
                withExtendedLifetime(mark) {}
                self.running.withLock { $0 += 1 }
                return { self.running.withLock { $0 -= 1 } }
            }
        }
        func admits(_ peer: Peer) -> Bool { true }
    }

    /// Tells when nobody has the answer any more.
    private final class Mark: Sendable {
        private let isGone: AsyncStream<Void>.Continuation
        init(_ isGone: AsyncStream<Void>.Continuation) { self.isGone = isGone }
        deinit { isGone.yield() }
    }

    enum End: CaseIterable { case all, input }

    @Test(arguments: End.allCases) func nothingIsLeftOfIt(end: End) async throws {
        let router = Slow()
        let connection = try HandedOver(to: router, unread: "GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n")
        for await _ in router.asked { break }
        switch end {
        case .all: shutdown(connection.client, Int32(SHUT_RDWR))
        case .input: shutdown(connection.client, Int32(SHUT_WR))
        }
        // The loop has seen the end when it has come to this.
        try await connection.turns(3)
        router.release.yield()
        for await _ in router.handled { break }
        var byte: UInt8 = 0
        #expect(unsafe recv(connection.client, &byte, 1, 0) == 0, "the connection has ended, and nothing came of it")
        try await connection.end()
        #expect(router.running.withLock { $0 } == 0)
    }
}
