import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import OrakeyCore
import Testing

@testable import LocalSockets
@testable import OrakeyServer

/// Connections that are on their way from the door to the pipeline when the service is told to end.
@Suite struct DrainTests {
    private static let request = "GET /v1/key HTTP/1.1\r\nHost: localhost\r\n\r\n"

    /// Answers everything with the same text.
    private struct Fixed: Router {
        let text: String
        let peerNeeds = PeerNeeds.none

        func answerAtOnce(_ exchange: Exchange) -> Answer? {
            .bytes(.ok, contentType: "text/plain", ByteBuffer(string: text))
        }
        func answer(_ exchange: Exchange) async throws -> Answer {
            .bytes(.ok, contentType: "text/plain", ByteBuffer(string: text))
        }
        func admits(_ peer: Peer) -> Bool { true }
    }

    /// Hands a connection over, as the door does, and returns what its client receives until the end.
    ///
    /// - Parameter before: happens when the connection has entered and is still on its way.
    private func received(
        unread: String = "", unsent: [UInt8] = [], answer: String = "hello", isDraining: Bool = false,
        before: (ConnectionBook) -> Void = { _ in }, after: (ConnectionBook) -> Void = { _ in }
    ) async throws -> [UInt8] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let book = ConnectionBook(limit: 8, descriptors: 8)
        let setUp = ConnectionSetUp(
            router: Fixed(text: answer), limits: ServerLimits(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, connections: book)
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let credentials = try #require(PeerReader.credentials(of: ends[0]))
        try #require(book.enter(userID: credentials.userID, needing: 1))
        before(book)
        setUp.receive(
            Departure(
                socket: ends[0], credentials: credentials, process: PeerProcess(number: 1), supplementaryGroups: [],
                descriptors: 1, unsent: ByteBuffer(bytes: unsent), unread: ByteBuffer(string: unread),
                isDraining: isDraining), on: group)
        // The loop has seen to the connection when it has come to this.
        try await group.next().submit {}.get()
        try await group.next().submit {}.get()
        after(book)
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(ends[1], &part, part.count, 0)
            if count < 0 { Issue.record("still open: \(errno)") }
            guard count > 0 else { break }
            all += part[..<count]
        }
        close(ends[1])
        try await group.shutdownGracefully()
        #expect(book.count == 0)
        return all
    }

    @Test func aConnectionInTransitEndsAsWell() async throws {
        #expect(try await received(before: { $0.drain() }).isEmpty)
    }

    @Test func aRequestReadAtTheDoorIsAnsweredBeforeTheEnd() async throws {
        let text = String(decoding: try await received(unread: Self.request, before: { $0.drain() }), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("\r\n\r\nhello"))
    }

    /// More than the sockets take at once.
    @Test(arguments: [true, false])
    func whatTheDoorHadNotSentIsSentBeforeTheEnd(knowsAtTheDoor: Bool) async throws {
        let unsent = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 8) }
        let all = try await received(
            unsent: unsent, isDraining: knowsAtTheDoor, before: { if !knowsAtTheDoor { $0.drain() } })
        #expect(all == unsent)
    }

    @Test func anAnswerThatIsBeingSentIsSentBeforeTheEnd() async throws {
        let answer = String(repeating: "0123456789abcdef", count: 200_000)
        let all = try await received(unread: Self.request, answer: answer, after: { $0.drain() })
        #expect(String(decoding: all, as: UTF8.self).hasSuffix("\r\n\r\n" + answer))
    }
}
