import EthereumWallet
import Glibc
import OrakeyClient

/// Text files that are replaced whole: a crash leaves the old text or the new one, on disk, never half of one.
enum AtomicFile {
    /// Writes a file of mode 0600: temporary file beside it, sync, rename, sync of the folder.
    ///
    /// - Parameter replacing: Whether an existing file is replaced, keeping its owner and mode, or an error.
    static func write(_ text: String, to path: String, replacing: Bool) throws {
        if !replacing, access(path, F_OK) == 0 { throw Failure(.cannotCreate, "\(path) exists already") }
        TemporaryName.clear(for: path)
        let temporary = TemporaryName.new(for: path)
        do {
            let held = try writeSynced(text, temporary, like: replacing ? path : nil)
            defer { close(held) }
            guard rename(temporary, path) == 0 else { throw failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try syncFolder(of: path)
    }

    /// The text of a file; nil when there is none.
    static func read(_ path: String, limit: Int = 1 << 20) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw failure(path, "read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "read") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        throw Failure(.badData, "\(path) is longer than \(limit) bytes")
    }

    /// The folder that a file is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// - Returns: The open file, which nobody clears away until it is closed.
    private static func writeSynced(_ text: String, _ path: String, like old: String?) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        TemporaryName.hold(descriptor)
        do {
            var status = stat()
            if let old, stat(old, &status) == 0 {
                guard fchown(descriptor, status.st_uid, status.st_gid) == 0,
                    fchmod(descriptor, status.st_mode & 0o777) == 0
                else { throw failure(path) }
            }
            guard Console.write(Array(text.utf8), to: descriptor), fsync(descriptor) == 0 else { throw failure(path) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func syncFolder(of path: String) throws {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String, _ what: String = "write") -> Failure {
        let reason = errno
        return Failure(
            reason == EACCES || reason == EPERM ? .notPermitted : what == "read" ? .noInput : .cannotCreate,
            "cannot \(what) \(path): \(String(cString: strerror(reason)))")
    }
}
