import Glibc
import NIOCore
import NIOHTTP1
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
        let connection = try HandedOver(
            to: Fixed(text: answer), unread: unread, unsent: unsent, isDraining: isDraining, before: before)
        // The loop has seen to the connection when it has come to this.
        try await connection.turns(2)
        after(connection.book)
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(connection.client, &part, part.count, 0)
            if count < 0 { Issue.record("still open: \(errno)") }
            guard count > 0 else { break }
            all += part[..<count]
        }
        try await connection.end()
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
