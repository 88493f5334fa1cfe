import CLinuxShims
import Glibc

/// A listening Unix socket and the lock that keeps a second service away from it.
public struct BoundSocket: ~Copyable {
    /// The bound descriptor; whoever starts listening owns it.
    public let descriptor: Int32
    public let path: String
    private let lock: Int32

    fileprivate init(descriptor: Int32, path: String, lock: Int32) {
        self.descriptor = descriptor
        self.path = path
        self.lock = lock
    }

    /// Keeps the lock for the life of the process and gives away the descriptor.
    public consuming func release() -> Int32 { descriptor }
}

/// Why a socket can't be served.
public enum SocketError: Error, Sendable, Equatable, CustomStringConvertible {
    case folder(path: String, reason: String)
    case live(path: String)
    case samePath(String)
    case inTheWay(path: String)
    case failed(path: String, step: String, reason: String)

    public var description: String {
        switch self {
        case .folder(let path, let reason): "the folder of socket \(path) \(reason)"
        case .live(let path):
            "another process serves \(path), probably another orakeyd: stop it, or choose another socket"
        case .samePath(let path): "the agent and the control socket are the same, \(path): choose two paths"
        case .inTheWay(let path): "\(path) exists and is not a socket: remove it, or choose another path"
        case .failed(let path, let step, let reason): "\(path): \(step): \(reason)"
        }
    }
}

/// Binds Unix sockets the careful way: locked, never stealing a live one, with the mode checked after the fact.
public enum SocketBinding {
    /// What sun_path holds besides its end.
    private static let mostPathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Binds `path` with exactly `mode`.
    ///
    /// The folder must belong to root or to this user and must not be writable by others. A socket somebody answers on
    /// is left alone; a stale one is replaced.
    public static func bind(_ path: String, mode: UInt32, group: UInt32? = nil) throws(SocketError) -> BoundSocket {
        guard path.utf8.count <= mostPathBytes else {
            throw .failed(
                path: path, step: "binding", reason: "longer than the \(mostPathBytes) bytes a socket address holds")
        }
        try checkFolder(of: path)
        let lock = try takeLock(path)
        do throws(SocketError) {
            try removeStale(path)
            let descriptor = try bindSocket(path)
            do throws(SocketError) {
                try setAccess(path, mode: mode, group: group)
            } catch {
                close(descriptor)
                throw error
            }
            return BoundSocket(descriptor: descriptor, path: path, lock: lock)
        } catch {
            close(lock)
            throw error
        }
    }

    /// Makes the folder of a user-mode socket: mode 0700, one level only.
    public static func makeFolder(_ folder: String) throws(SocketError) {
        if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw .folder(path: folder, reason: "can't be made: \(message())")
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func checkFolder(of path: String) throws(SocketError) {
        var status = stat()
        guard unsafe stat(folder(of: path), &status) == 0 else {
            throw .folder(path: path, reason: "can't be read: \(message()); make it first")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .folder(path: path, reason: "is not a folder") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .folder(
                path: path,
                reason: "belongs to uid \(status.st_uid), not to this user: whoever owns it could replace the socket")
        }
        // A sticky folder lets nobody but the owner remove the socket.
        guard status.st_mode & 0o022 == 0 || status.st_mode & mode_t(S_ISVTX) != 0 else {
            throw .folder(path: path, reason: "can be written by others: chmod go-w it")
        }
    }

    private static func takeLock(_ path: String) throws(SocketError) -> Int32 {
        let lock = unsafe orakey_open(path + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .failed(path: path, step: "opening its lock file", reason: message(-lock)) }
        let result = orakey_lock_file(lock)
        guard result == 0 else {
            close(lock)
            throw -result == EAGAIN ? .live(path: path) : .failed(path: path, step: "locking", reason: message(-result))
        }
        return lock
    }

    private static func removeStale(_ path: String) throws(SocketError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .failed(path: path, step: "looking", reason: message())
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .inTheWay(path: path) }
        // Never waits: a live server whose queue is full would keep a blocking connect for ever.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw .failed(path: path, step: "probing", reason: message()) }
        defer { close(probe) }
        switch unsafe -orakey_connect_unix(probe, path) {
        // The only answer that means that nobody has the socket open.
        case ECONNREFUSED: break
        case ENOENT: return
        // Listening, with a full queue, or a socket of another type.
        case 0, EAGAIN, EPROTOTYPE: throw .live(path: path)
        case let code: throw .failed(path: path, step: "probing", reason: message(code))
        }
        guard unsafe unlink(path) == 0 else {
            throw .failed(path: path, step: "removing the stale socket", reason: message())
        }
    }

    private static func bindSocket(_ path: String) throws(SocketError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .failed(path: path, step: "making a socket", reason: message()) }
        // Nobody can connect between bind and chmod.
        let before = umask(0o177)
        let result = unsafe orakey_bind_unix(descriptor, path)
        umask(before)
        guard result == 0 else {
            close(descriptor)
            throw .failed(path: path, step: "binding", reason: message(-result))
        }
        return descriptor
    }

    private static func setAccess(_ path: String, mode: mode_t, group: gid_t?) throws(SocketError) {
        if let group, unsafe chown(path, uid_t.max, group) != 0 {
            throw .failed(path: path, step: "giving it to group \(group)", reason: message())
        }
        guard unsafe chmod(path, mode) == 0 else { throw .failed(path: path, step: "chmod", reason: message()) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & 0o777 == mode, status.st_uid == geteuid(),
            status.st_mode & S_IFMT == S_IFSOCK
        else { throw .failed(path: path, step: "checking", reason: "mode or owner are not as asked for") }
    }

    private static func message(_ code: Int32 = errno) -> String { unsafe String(cString: strerror(code)) }
}
