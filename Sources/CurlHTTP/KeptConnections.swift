internal import CCurl
internal import Glibc

/// The two ends of a connection, as libcurl tells them.
struct ConnectionEnds: Hashable {
    let local: String
    let localPort: Int
    let remote: String
    let remotePort: Int
}

/// The HTTP/1 connections that libcurl keeps, to see whether a server has said something unasked on one.
///
/// libcurl (7.88) does not look, and takes such bytes for the answer to the next request, which may be another caller's.
/// It tells the socket of a connection after an exchange and the ends before one. Belongs to the loop's thread, and outlives
/// libcurl's handle, hence `@unchecked`.
final class KeptConnections: @unchecked Sendable {
    private var sockets: [ConnectionEnds: CInt] = [:]

    /// An exchange has ended, and this socket may serve another one.
    func note(_ socket: CInt, _ ends: ConnectionEnds) { sockets[ends] = socket }

    /// A request is about to go out on this connection. False where bytes wait on it that nobody asked for.
    func take(_ ends: ConnectionEnds) -> Bool {
        guard let socket = sockets.removeValue(forKey: ends) else { return true }
        var byte: UInt8 = 0
        return unsafe recv(socket, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT)) <= 0
    }

    /// The socket is closed.
    func forget(_ socket: CInt) {
        if let ends = sockets.first(where: { $0.value == socket })?.key { sockets[ends] = nil }
    }
}
