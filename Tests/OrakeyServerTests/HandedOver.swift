import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LocalSockets
@testable import OrakeyServer

/// A connection that came in at the door and is handed over to the pipeline, seen from its client's end.
struct HandedOver {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let book = ConnectionBook(limit: 8, descriptors: 8)
    let client: Int32

    /// - Parameters:
    ///   - unread: what the client has sent and the door has read.
    ///   - unsent: what the door has answered and not sent.
    ///   - before: happens when the connection has entered and is still on its way.
    init(
        to router: any Router, unread: String, unsent: [UInt8] = [], isDraining: Bool = false,
        before: (ConnectionBook) -> Void = { _ in }
    ) throws {
        let setUp = ConnectionSetUp(
            router: router, limits: ServerLimits(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, connections: book)
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        client = ends[1]
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let credentials = try #require(PeerReader.credentials(of: ends[0]))
        try #require(book.enter(userID: credentials.userID, needing: 1))
        before(book)
        setUp.receive(
            Departure(
                socket: ends[0], credentials: credentials, process: PeerProcess(number: 1), supplementaryGroups: [],
                descriptors: 1, unsent: ByteBuffer(bytes: unsent), unread: ByteBuffer(string: unread),
                isDraining: isDraining), on: group)
    }

    /// Until the event loop has seen to what had come before.
    func turns(_ count: Int) async throws {
        for _ in 0..<count { try await group.next().submit {}.get() }
    }

    /// Closes the client's end; nothing of the connection is left then.
    func end() async throws {
        close(client)
        try await group.shutdownGracefully()
        #expect(book.count == 0)
    }
}
