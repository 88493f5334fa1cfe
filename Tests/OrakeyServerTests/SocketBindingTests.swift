import Glibc
import LocalSockets
import Testing

/// Sockets as files: rights, the lock, and whose place is taken.
/// One after the other: the umask is the whole process's, and each of these tests binds or makes files under it.
@Suite(.serialized) struct SocketBindingTests {
    /// A folder of the test's own, short enough for a socket's path.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/ok-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        deinit {
            for name in ["a.sock", "a.sock.lock", "b", "other"] { remove("\(path)/\(name)") }
            rmdir(path)
        }

        var socket: String { path + "/a.sock" }

        func status(_ name: String) throws -> stat {
            var status = stat()
            try #require(lstat("\(path)/\(name)", &status) == 0)
            return status
        }
    }

    private func refusal(of path: String) -> SocketError? {
        do throws(SocketError) {
            close(try SocketBinding.bind(path, mode: 0o600).release())
            return nil
        } catch {
            return error
        }
    }

    @Test func aPathThatFitsNoAddressLeavesNoLockBehind() throws {
        let folder = try Folder()
        let path = folder.path + "/" + String(repeating: "x", count: 107 - folder.path.utf8.count)
        #expect("\(try #require(refusal(of: path)))".hasSuffix("longer than the 107 bytes a socket address holds"))
        #expect(access(path + ".lock", F_OK) != 0)
    }

    @Test(arguments: [UInt32(0o600), 0o660, 0o666])
    func theModeIsExact(mode: UInt32) throws {
        let folder = try Folder()
        let before = umask(0o077)
        defer { umask(before) }
        let socket = try SocketBinding.bind(folder.socket, mode: mode)
        let status = try folder.status("a.sock")
        #expect(status.st_mode & S_IFMT == S_IFSOCK)
        #expect(status.st_mode & 0o7777 == mode)
        #expect(status.st_uid == geteuid())
        #expect(try folder.status("a.sock.lock").st_mode & 0o777 == 0o600)
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        close(socket.release())
    }

    @Test func theGroupIsSet() throws {
        let folder = try Folder()
        let socket = try SocketBinding.bind(folder.socket, mode: 0o660, group: getegid())
        #expect(try folder.status("a.sock").st_gid == getegid())
        close(socket.release())
    }

    /// The lock is the process's for its life, also when nobody listens yet.
    @Test func aSecondBindIsRefused() throws {
        let folder = try Folder()
        let socket = try SocketBinding.bind(folder.socket, mode: 0o600)
        let inode = try folder.status("a.sock").st_ino
        #expect(refusal(of: folder.socket) == .live(path: folder.socket))
        #expect(try folder.status("a.sock").st_ino == inode)
        close(socket.release())
    }

    @Test func aSocketWithoutAnOwnerIsReplaced() throws {
        let folder = try Folder()
        try leaveBehind(folder.socket, listening: false)
        let socket = try SocketBinding.bind(folder.socket, mode: 0o600)
        #expect(listen(socket.descriptor, 1) == 0)
        close(socket.release())
    }

    @Test func aLiveSocketIsLeftAlone() throws {
        let folder = try Folder()
        let descriptor = try leaveBehind(folder.socket, listening: true)
        defer { close(descriptor) }
        #expect(refusal(of: folder.socket) == .live(path: folder.socket))
    }

    /// A bound socket of this process, or one that its owner has closed.
    @discardableResult
    private func leaveBehind(_ path: String, listening: Bool) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        if listening { try #require(listen(descriptor, 1) == 0) } else { close(descriptor) }
        return descriptor
    }

    @Test func whatIsNotASocketIsLeftAlone() throws {
        let folder = try Folder()
        try #require(symlink("/nonexistent", folder.socket) == 0)
        #expect(refusal(of: folder.socket) == .inTheWay(path: folder.socket))
        #expect(try folder.status("a.sock").st_mode & S_IFMT == S_IFLNK)
    }

    /// The lock's file is never opened through a link that somebody else put there.
    @Test func theLockIsNoLink() throws {
        let folder = try Folder()
        try #require(symlink(folder.path + "/other", folder.socket + ".lock") == 0)
        let error = try #require(refusal(of: folder.socket))
        guard case .failed(_, let step, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(step.contains("lock"))
        #expect(access(folder.path + "/other", F_OK) != 0)
    }

    @Test(arguments: [
        (UInt32(0o700), true), (0o755, true), (0o775, false), (0o757, false), (0o1777, true), (0o1775, true),
    ])
    func theFolderIsJudged(mode: UInt32, isGood: Bool) throws {
        let folder = try Folder()
        chmod(folder.path, mode)
        do throws(SocketError) {
            close(try SocketBinding.bind(folder.socket, mode: 0o600).release())
            #expect(isGood)
        } catch {
            guard case .folder(_, let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!isGood && reason.contains("chmod"))
        }
    }

    @Test func errorsNameThePathAndWhatToDo() {
        #expect("\(SocketError.live(path: "/x"))".contains("/x"))
        #expect("\(SocketError.inTheWay(path: "/x"))".contains("remove it"))
        #expect("\(SocketError.samePath("/x"))".contains("two paths"))
        #expect(
            "\(SocketError.folder(path: "/x/a", reason: "is not a folder"))"
                == "the folder of socket /x/a is not a folder")
    }

    @Test func aFolderIsMadeForItsUserAlone() throws {
        let folder = try Folder()
        defer { rmdir(folder.path + "/b") }
        try SocketBinding.makeFolder(folder.path + "/b")
        #expect(try folder.status("b").st_mode & 0o777 == 0o700)
        try SocketBinding.makeFolder(folder.path + "/b")
        #expect(throws: SocketError.self) { try SocketBinding.makeFolder(folder.path + "/none/b") }
    }
}
