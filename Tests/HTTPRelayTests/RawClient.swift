import Dispatch
import Glibc

/// A client that sends whatever a test wants, byte by byte. Every wait ends after a minute, so that a test that would
/// hang fails.
final class RawClient: Sendable {
    let descriptor: Int32

    init(path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// False when the other side takes no more.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// How many bytes can be sent without anybody reading them.
    func sendAsMuchAsFits(_ most: Int) -> Int {
        let block = [UInt8](repeating: 0x61, count: 65536)
        var total = 0
        while total < most {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&entry, 1, 500) == 1 else { break }
            let count = Glibc.send(descriptor, block, block.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            guard count > 0 else { break }
            total += count
        }
        return total
    }

    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether the other side ends the connection although nobody reads what it has sent.
    func hangsUp() async -> Bool {
        await apart {
            var entry = pollfd(fd: self.descriptor, events: 0, revents: 0)
            return poll(&entry, 1, 10_000) == 1 && entry.revents & Int16(POLLHUP) != 0
        }
    }

    /// Everything until the other side ends the connection.
    func readAll() async -> String {
        await apart {
            var all: [UInt8] = []
            while let piece = self.readSome() { all += piece }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// At least until `text` has come; what came when it does not.
    func read(until text: String) async -> String {
        await apart {
            var all: [UInt8] = []
            while true {
                let soFar = String(decoding: all, as: UTF8.self)
                if soFar.contains(text) { return soFar }
                guard let piece = self.readSome() else { return soFar }
                all += piece
            }
        }
    }

    /// Waiting is not for the threads on which tasks run: what the test waits for may need one.
    private func apart<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }

    private func readSome() -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &piece, piece.count, 0)
        return count > 0 ? Array(piece[..<count]) : nil
    }
}
