import CLinuxShims
import Glibc

/// The folder of a service's state, locked against a second service.
public struct StateDirectory: Sendable {
    public let path: String
    private let lock: Int32

    /// Makes the folder if need be and locks it for the life of the process.
    ///
    /// - Parameter program: the service's name, for messages.
    public init(_ path: String, program: String = "orakeyd") throws(StateDirectoryError) {
        Self.make(path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw .failed(path: path, reason: String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .failed(path: path, reason: "it is not a folder") }
        guard status.st_uid == geteuid() else { throw .notOwned(path: path, owner: status.st_uid) }
        guard status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path) }
        lock = orakey_open(path + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .failed(path: path, reason: String(cString: strerror(-lock))) }
        guard orakey_lock_file(lock) == 0 else {
            close(lock)
            throw .inUse(path: path, program: program)
        }
        self.path = path
    }

    /// Makes a folder with its parents: in an empty home neither ~/.local nor ~/.local/state exists. What fails shows
    /// when the folder is looked at.
    private static func make(_ path: String) {
        guard mkdir(path, 0o700) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex
        else { return }
        make(String(path[..<slash]))
        mkdir(path, 0o700)
    }
}

/// Why a folder can't hold a service's state.
public enum StateDirectoryError: Error, Sendable, CustomStringConvertible {
    case none
    case failed(path: String, reason: String)
    case notOwned(path: String, owner: UInt32)
    case tooOpen(path: String)
    case inUse(path: String, program: String)

    public var description: String {
        switch self {
        case .none: "no state directory: neither --state-dir, state_dir:, XDG_STATE_HOME nor HOME is set"
        case .failed(let path, let reason): "state directory \(path) can't be used: \(reason)"
        case .notOwned(let path, let owner):
            "state directory \(path) belongs to uid \(owner): choose another with --state-dir"
        case .tooOpen(let path): "state directory \(path) is open to others: chmod 700 it"
        case .inUse(let path, let program):
            "another \(program) uses the state directory \(path): stop it, or choose another with --state-dir"
        }
    }

    /// The exit status of sysexits.h that fits.
    public var status: Int32 {
        switch self {
        case .none: 78
        case .failed: 73
        case .notOwned, .tooOpen: 77
        case .inUse: 69
        }
    }
}
