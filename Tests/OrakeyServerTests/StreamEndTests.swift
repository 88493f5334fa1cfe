import Glibc
import Logging
import NIOCore
import NIOPosix
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
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let book = ConnectionBook(limit: 8, descriptors: 8)
        let router = Slow()
        let setUp = ConnectionSetUp(
            router: router, limits: ServerLimits(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, connections: book)
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let credentials = try #require(PeerReader.credentials(of: ends[0]))
        try #require(book.enter(userID: credentials.userID, needing: 1))
        setUp.receive(
            Departure(
                socket: ends[0], credentials: credentials, process: PeerProcess(number: 1), supplementaryGroups: [],
                descriptors: 1, unsent: ByteBuffer(),
                unread: ByteBuffer(string: "GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n"),
                isDraining: false), on: group)
        for await _ in router.asked { break }
        switch end {
        case .all: shutdown(ends[1], Int32(SHUT_RDWR))
        case .input: shutdown(ends[1], Int32(SHUT_WR))
        }
        // The loop has seen the end when it has come to this.
        for _ in 0..<3 { try await group.next().submit {}.get() }
        router.release.yield()
        for await _ in router.handled { break }
        var byte: UInt8 = 0
        #expect(unsafe recv(ends[1], &byte, 1, 0) == 0, "the connection has ended, and nothing came of it")
        close(ends[1])
        try await group.shutdownGracefully()
        #expect(router.running.withLock { $0 } == 0 && book.count == 0)
    }
}
