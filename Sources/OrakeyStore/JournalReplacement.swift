import Glibc

/// A journal that is built beside the one in use and takes its place as the last step.
///
/// That step is one rename, of the finished journal to ``readyPath``. Until then the old journal stays as it is. From then
/// on the new one is valid, and what is left to do (the old one set aside with its log, the new one put in place) is begun
/// again by whoever opens the journal next: a crash at any moment leaves one of the two, whole. The old journal lies beside
/// the new one, under a name that no earlier one has.
public struct JournalReplacement: Sendable {
    /// Where the journal is to be.
    public let path: String
    /// Where the new journal is built.
    public var buildPath: String { path + ".new" }
    /// The new journal once it is finished and not in place yet.
    var readyPath: String { path + ".ready" }

    /// What an earlier run left unfinished is thrown away.
    public init(of path: String) {
        self.init(at: path)
        discard()
    }

    private init(at path: String) { self.path = path }

    /// Throws the unfinished journal away.
    public func discard() { for suffix in Self.suffixes { unlink(buildPath + suffix) } }

    /// Puts the new journal, which must be closed, in place; returns the name under which an old one was set aside.
    ///
    /// - Throws: ``StoreError``.
    public func install() throws -> String? {
        guard access(buildPath, F_OK) == 0, access(buildPath + "-wal", F_OK) != 0 else {
            throw StoreError.unusable(path: buildPath, reason: "it is not closed")
        }
        try move(buildPath, to: readyPath)
        do { return try finish() } catch {
            // The old journal is still in use: nothing has changed.
            if access(path, F_OK) == 0 { rename(readyPath, buildPath) }
            throw error
        }
    }

    /// Puts in place what a crash kept an earlier run from putting there, before the journal at `path` is opened.
    ///
    /// - Throws: ``StoreError``.
    static func finish(at path: String) throws {
        let replacement = JournalReplacement(at: path)
        if access(replacement.readyPath, F_OK) == 0 { _ = try replacement.finish() }
    }

    private func finish() throws -> String? {
        let aside = access(path, F_OK) == 0 ? try setAside() : nil
        // A log beside a database is taken for its own, so none of the old one's may be left. It is kept under two names.
        unlink(path + "-wal")
        unlink(path + "-shm")
        try syncFolder()
        try move(readyPath, to: path)
        return aside
    }

    private static let suffixes = ["", "-wal", "-shm"]

    /// Database and log stay together at each moment: the log gets its second name before the database moves.
    private func setAside() throws -> String {
        var target = path + ".replaced"
        var number = 1
        while !isFree(target) {
            number += 1
            target = "\(path).replaced-\(number)"
        }
        let (log, secondName) = (path + "-wal", target + "-wal")
        guard access(log, F_OK) != 0 || isSame(log, secondName) || link(log, secondName) == 0 else {
            throw trouble("it can't be set aside")
        }
        try syncFolder()
        try move(path, to: target)
        return target
    }

    /// Whether nothing has this name, except for the log that an earlier run has given it.
    private func isFree(_ target: String) -> Bool {
        access(target, F_OK) != 0 && access(target + "-shm", F_OK) != 0
            && (access(target + "-wal", F_OK) != 0 || isSame(path + "-wal", target + "-wal"))
    }

    private func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0
            && (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
    }

    private func move(_ from: String, to target: String) throws {
        guard rename(from, target) == 0 else { throw trouble("it can't be put in place") }
        try syncFolder()
    }

    /// Names outlast a power failure once their folder is on disk.
    private func syncFolder() throws {
        let folder = open(
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/.",
            O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw trouble("its folder can't be opened") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw trouble("its folder can't be written") }
    }

    private func trouble(_ what: String) -> StoreError {
        .unusable(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}
