import Glibc

/// An open regular file to which nobody but its owner has any right. Closed with the value.
struct PrivateFile: ~Copyable {
    let descriptor: Int32

    /// Opens without waiting (a named pipe in the file's place must not hang the daemon) and checks what was opened,
    /// not what the name stood for before.
    init(reading path: String) throws(WalletError) {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard fd >= 0 else { throw .unreadable(path: path, errno: errno) }
        do throws(WalletError) {
            try Self.check(fd, path: path)
        } catch {
            close(fd)
            throw error
        }
        descriptor = fd
    }

    private static func check(_ fd: Int32, path: String) throws(WalletError) {
        var status = stat()
        guard unsafe fstat(fd, &status) == 0 else { throw .unreadable(path: path, errno: errno) }
        let type = status.st_mode & S_IFMT
        guard type == S_IFREG else { throw .unreadable(path: path, errno: type == S_IFDIR ? EISDIR : EINVAL) }
        guard status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path, mode: UInt32(status.st_mode & 0o7777)) }
    }

    /// The whole content, at most `limit` bytes.
    func contents(path: String, limit: Int) throws(WalletError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let n = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            if n == 0 { break }
            if n < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, errno: errno)
            }
            count += n
        }
        guard count <= limit else { throw .malformed(path: path, reason: "it is longer than \(limit) bytes") }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    deinit { close(descriptor) }
}

/// Writes a file so that a crash leaves either the old one or the new one, never half of one, with mode 0600.
struct AtomicFile {
    /// The final name; with `replacing`, what a symbolic link there points to.
    private let target: String
    private let directory: String
    private let temporary: String
    private let replacing: Bool
    /// Whose file is replaced, where it is another user's: root must not take a daemon's wallet away from it.
    private let owner: (user: uid_t, group: gid_t)?

    /// - Throws: ``WalletError/alreadyExists(path:)`` before any work is done for a file that cannot be written.
    init(path: String, replacing: Bool) throws(WalletError) {
        if !replacing, unsafe access(path, F_OK) == 0 { throw .alreadyExists(path: path) }
        var target = path
        if replacing, let resolved = unsafe realpath(path, nil) {
            target = unsafe String(cString: resolved)
            unsafe free(resolved)
        }
        self.target = target
        self.directory = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(target[...$0]) } ?? "./"
        self.temporary = TemporaryName.new(for: target)
        self.replacing = replacing
        var status = stat()
        let isAnothers = unsafe replacing && stat(target, &status) == 0 && status.st_uid != geteuid()
        owner = isAnothers ? (status.st_uid, status.st_gid) : nil
    }

    /// Temporary file in the same folder, sync, proof by `verify` on what the disk gives back, rename, sync of the folder.
    func write(_ bytes: [UInt8], verify: (_ temporary: String) throws(WalletError) -> Void) throws(WalletError) {
        TemporaryName.clear(for: target)
        let held = try writeTemporary(bytes)
        defer { close(held) }
        do throws(WalletError) {
            try verify(temporary)
            try moveIntoPlace()
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        let fd = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw .unwritable(path: directory, errno: errno) }
        defer { close(fd) }
        guard fsync(fd) == 0 else { throw .unwritable(path: directory, errno: errno) }
    }

    /// A link fails where the name is taken, a rename does not look; file systems without links get the latter.
    private func moveIntoPlace() throws(WalletError) {
        if !replacing {
            if unsafe link(temporary, target) == 0 {
                _ = unsafe unlink(temporary)
                return
            }
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else {
                throw errno == EEXIST ? .alreadyExists(path: target) : .unwritable(path: target, errno: errno)
            }
        }
        guard unsafe rename(temporary, target) == 0 else { throw .unwritable(path: target, errno: errno) }
    }

    /// - Returns: The open file, which nobody clears away until it is closed.
    private func writeTemporary(_ bytes: [UInt8]) throws(WalletError) -> Int32 {
        let fd = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { throw .unwritable(path: target, errno: errno) }
        TemporaryName.hold(fd)
        var done = 0
        var failed = fchmod(fd, 0o600) != 0
        if let owner, !failed { failed = fchown(fd, owner.user, owner.group) != 0 }
        while !failed, done < bytes.count {
            let n = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(fd, $0.baseAddress! + done, $0.count - done) }
            if n < 0, errno == EINTR { continue }
            failed = n <= 0
            done += max(n, 0)
        }
        if failed || fsync(fd) != 0 {
            let reason = errno
            _ = unsafe unlink(temporary)
            close(fd)
            throw .unwritable(path: target, errno: reason)
        }
        return fd
    }
}
