import Foundation
import Glibc
import Synchronization

/// A server on loopback or a Unix socket that does to its clients whatever a test wants, byte by byte.
package final class ScriptedServer: Sendable {
    package let port: UInt16
    package let path: String?
    private let listener: Int32
    private let record = Record()
    private let stopped = Mutex(false)

    /// What the threads share; they do not hold the server, whose end is the end of its listener.
    private final class Record: Sendable {
        let accepted = Mutex<Int>(0)
        let open = Mutex<Int>(0)
        let requests = Mutex<[Request]>([])
    }

    package struct Request: Sendable {
        package let method: String
        package let target: String
        package let headers: [String: String]
        package let body: [UInt8]
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Connections accepted so far.
    package var connections: Int { record.accepted.withLock { $0 } }
    /// Connections that the handler has not ended yet.
    package var openConnections: Int { record.open.withLock { $0 } }
    /// Requests read so far by ``Peer/readRequest()``.
    package var received: [Request] { record.requests.withLock { $0 } }
    package var url: String { "http://127.0.0.1:\(port)/" }

    /// Serves every connection on a thread of its own; the handler's end closes it.
    package init(unixPath: String? = nil, _ handler: @escaping @Sendable (Peer) -> Void) {
        path = unixPath
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let listener = socket(unixPath == nil ? AF_INET : AF_UNIX, kind, 0)
        self.listener = listener
        port = unixPath.map { Self.bindUnix(listener, $0) } ?? Self.bindLoopback(listener)
        precondition(listen(listener, 512) == 0)
        Thread.detachNewThread { [record] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                // A program that another test starts would hold it open after its end here.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                var on: Int32 = 1
                setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                let index = record.accepted.withLock { count in
                    count += 1
                    return count
                }
                let peer = Peer(descriptor: connection, connection: index) { request in
                    record.requests.withLock { list in
                        list.append(request)
                        return list.count
                    }
                }
                record.open.withLock { $0 += 1 }
                Thread.detachNewThread {
                    handler(peer)
                    peer.close()
                    record.open.withLock { $0 -= 1 }
                }
            }
            close(listener)
        }
    }

    @discardableResult
    package static func bindUnix(_ listener: Int32, _ path: String) -> UInt16 {
        unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        return 0
    }

    private static func bindLoopback(_ listener: Int32) -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, size) == 0)
                precondition(getsockname(listener, $0, &size) == 0)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Answers each request of each connection with what `answer` makes of it.
    package static func answering(
        unixPath: String? = nil, _ answer: @escaping @Sendable (Request, Int) -> String
    ) -> ScriptedServer {
        ScriptedServer(unixPath: unixPath) { peer in
            while let (request, number) = peer.readRequest() {
                guard peer.write(answer(request, number)) else { return }
            }
        }
    }

    /// A whole answer with a length.
    package static func response(
        _ body: String, status: String = "200 OK", type: String = "application/json", headers: [String] = []
    ) -> String {
        (["HTTP/1.1 \(status)", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)"] + headers)
            .joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    package func stop() {
        // Once only: the number may belong to somebody else afterwards.
        let isFirst = stopped.withLock { value in
            defer { value = true }
            return !value
        }
        guard isFirst else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        if let path { unlink(path) }
    }

    deinit { stop() }
}

extension ScriptedServer {
    /// One client's connection.
    package final class Peer: Sendable {
        package let descriptor: Int32
        /// 1 for the first connection that the server accepted.
        package let connection: Int
        private let record: @Sendable (Request) -> Int
        private let closed = Mutex(false)
        private let rest = Mutex<[UInt8]>([])

        package init(descriptor: Int32, connection: Int, record: @escaping @Sendable (Request) -> Int) {
            self.descriptor = descriptor
            self.connection = connection
            self.record = record
        }

        /// The next request and its number among all requests of the server; nil when the client is gone.
        package func readRequest() -> (Request, Int)? {
            var bytes = rest.withLock { $0 }
            while true {
                if let request = parse(&bytes) {
                    rest.withLock { $0 = bytes }
                    return (request, record(request))
                }
                var piece = [UInt8](repeating: 0, count: 65536)
                let count = recv(descriptor, &piece, piece.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return nil }
                bytes += piece[..<count]
            }
        }

        private func parse(_ bytes: inout [UInt8]) -> Request? {
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            let parts = lines[0].split(separator: " ").map(String.init)
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] =
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard bytes.count >= end.upperBound + length else { return nil }
            let body = Array(bytes[end.upperBound..<end.upperBound + length])
            bytes.removeSubrange(..<(end.upperBound + length))
            return Request(method: parts[0], target: parts[1], headers: headers, body: body)
        }

        /// False when the client is gone.
        @discardableResult
        package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        @discardableResult
        package func write(_ bytes: [UInt8]) -> Bool {
            var offset = 0
            while offset < bytes.count {
                let count = bytes[offset...].withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }

        /// Waits until the client closes; true once it has. An endless wait without a limit.
        @discardableResult
        package func waitForClose(milliseconds: Int32 = -1) -> Bool {
            while true {
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN) | hangUp, revents: 0)
                let ready = poll(&entry, 1, milliseconds)
                if ready < 0, errno == EINTR { continue }
                if ready == 0 { return false }
                if entry.revents & (hangUp | Int16(POLLHUP | POLLERR)) != 0 { return true }
                var piece = [UInt8](repeating: 0, count: 4096)
                if recv(descriptor, &piece, piece.count, 0) <= 0 { return true }
            }
        }

        /// Whether more can be written without waiting longer than that.
        package func canWrite(milliseconds: Int32) -> Bool {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            return poll(&entry, 1, milliseconds) > 0
        }

        /// Ends the connection with a reset instead of an orderly end.
        package func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            close()
        }

        package func close() {
            let isFirst = closed.withLock { value in
                defer { value = true }
                return !value
            }
            if isFirst { Glibc.close(descriptor) }
        }
    }
}

/// A new path for a socket, short enough for any socket address.
/// POLLRDHUP, which glibc declares for _GNU_SOURCE only.
private let hangUp: Int16 = 0x2000

/// Refuses to read any further from the client, as a server does that has seen enough.
package func shutdownReading(_ peer: ScriptedServer.Peer) { shutdown(peer.descriptor, Int32(SHUT_RD)) }

package func temporarySocketPath() -> String { "/tmp/orakey-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock" }

/// Open descriptors of this process.
package func openDescriptorCount() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1
}
