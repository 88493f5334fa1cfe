import Glibc

/// A journal that is built beside the one in use and takes its place as the last step.
///
/// Until then the old journal stays as it is; afterwards it lies beside the new one, under a name that no earlier one has.
public struct JournalReplacement: Sendable {
    /// Where the journal is to be.
    public let path: String
    /// Where the new journal is built.
    public var buildPath: String { path + ".new" }

    /// What an earlier run left unfinished is thrown away.
    public init(of path: String) {
        self.path = path
        discard()
    }

    /// Throws the unfinished journal away.
    public func discard() { for suffix in Self.suffixes { unlink(buildPath + suffix) } }

    /// Puts the new journal, which must be closed, in place; returns the name under which an old one was set aside.
    ///
    /// - Throws: ``StoreError``.
    public func install() throws -> String? {
        guard access(buildPath, F_OK) == 0, access(buildPath + "-wal", F_OK) != 0 else {
            throw StoreError.unusable(path: buildPath, reason: "it is not closed")
        }
        let aside = access(path, F_OK) == 0 ? try setAside() : nil
        // A log beside a database is taken for its own, so none of the old one's may be left. It is kept under two names.
        unlink(path + "-wal")
        unlink(path + "-shm")
        guard rename(buildPath, path) == 0 else {
            let reason = String(cString: strerror(errno))
            if let aside { restore(aside) }
            throw StoreError.unusable(path: path, reason: "it can't be put in place: \(reason)")
        }
        return aside
    }

    private static let suffixes = ["", "-wal", "-shm"]

    /// Database and log stay together at each moment: the log gets its second name before the database moves.
    private func setAside() throws -> String {
        var target = path + ".replaced"
        var number = 1
        while Self.suffixes.contains(where: { access(target + $0, F_OK) == 0 }) {
            number += 1
            target = "\(path).replaced-\(number)"
        }
        let hasLog = access(path + "-wal", F_OK) == 0
        guard !hasLog || link(path + "-wal", target + "-wal") == 0, rename(path, target) == 0 else {
            throw StoreError.unusable(path: path, reason: "it can't be set aside: \(String(cString: strerror(errno)))")
        }
        return target
    }

    private func restore(_ aside: String) {
        rename(aside + "-wal", path + "-wal")
        rename(aside, path)
    }
}
