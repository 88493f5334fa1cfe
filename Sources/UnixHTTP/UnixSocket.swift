internal import CLinuxShims
internal import Glibc

/// One connected stream socket; closes it at the end of its life. Every wait has a deadline.
struct UnixSocket: ~Copyable {
    private let descriptor: Int32

    init(path: String, deadline: Deadline) throws(UnixHTTPError) {
        descriptor = try Self.connect(path: path, deadline: deadline)
    }

    private static func connect(path: String, deadline: Deadline) throws(UnixHTTPError) -> Int32 {
        guard !path.utf8.contains(0) else {
            throw UnixHTTPError(.invalidRequest, "the socket's path holds a NUL character")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            let code = errno
            throw UnixHTTPError(.inputOutput(code), "no socket: \(text(code))")
        }
        do throws(UnixHTTPError) {
            limitConnect(descriptor, deadline: deadline)
            try connect(descriptor, path: path, deadline: deadline)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// connect(2) on a Unix socket waits for a place in the backlog; SO_SNDTIMEO bounds that wait.
    private static func limitConnect(_ descriptor: Int32, deadline: Deadline) {
        guard let end = deadline.milliseconds else { return }
        let left = max(1, end - orakey_monotonic_milliseconds())
        var wait = timeval(tv_sec: Int(left / 1000), tv_usec: Int(left % 1000) * 1000)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func connect(_ descriptor: Int32, path: String, deadline: Deadline) throws(UnixHTTPError) {
        while true {
            let result = unsafe orakey_connect_unix(descriptor, path)
            switch -result {
            case 0: return
            case EINTR where !deadline.hasPassed: continue
            case EAGAIN, EINTR:
                throw UnixHTTPError(.timedOut, "\(path): the server did not accept in time")
            case ENAMETOOLONG:
                throw UnixHTTPError(.invalidRequest, "\(path): longer than the 107 bytes a socket address holds")
            case let code:
                throw UnixHTTPError(.notReachable(code), "\(path): \(text(code))")
            }
        }
    }

    deinit { close(descriptor) }

    /// Writes everything. False when the server has closed its end, which may come with an answer still to be read.
    func write(_ bytes: UnsafeRawBufferPointer, deadline: Deadline) throws(UnixHTTPError) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let count = unsafe send(
                descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count >= 0 {
                offset += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: Int16(POLLOUT), deadline: deadline)
            case EPIPE, ECONNRESET: return false
            case let code: throw UnixHTTPError(.inputOutput(code), "writing failed: \(Self.text(code))")
            }
        }
        return true
    }

    /// Reads what is there, at least one byte; 0 at the end of the connection.
    func read(into buffer: UnsafeMutableRawBufferPointer, deadline: Deadline) throws(UnixHTTPError) -> Int {
        while true {
            try wait(for: Int16(POLLIN), deadline: deadline)
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count >= 0 { return count }
            switch errno {
            case EINTR, EAGAIN: continue
            case ECONNRESET: throw UnixHTTPError(.closed, "the server dropped the connection")
            case let code: throw UnixHTTPError(.inputOutput(code), "reading failed: \(Self.text(code))")
            }
        }
    }

    private func wait(for events: Int16, deadline: Deadline) throws(UnixHTTPError) {
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = unsafe poll(&entry, 1, deadline.pollTimeout)
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else {
                throw UnixHTTPError(.inputOutput(errno), "waiting failed: \(Self.text(errno))")
            }
            if deadline.hasPassed { throw UnixHTTPError(.timedOut, "the server did not answer in time") }
        }
    }

    static func text(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
