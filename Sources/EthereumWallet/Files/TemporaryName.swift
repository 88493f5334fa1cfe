import Glibc

/// Names of the files that are written before they take a file's place: `.NAME.TAG.tmp` beside it.
///
/// Who writes one holds a lock on it, which ends with the process: what is found unlocked was left by one that was killed.
package enum TemporaryName {
    /// A new name for what is to become `target`.
    package static func new(for target: String) -> String {
        let (folder, name) = parts(of: target)
        return "\(folder).\(name).\(UInt64.random(in: .min ... .max)).tmp"
    }

    /// Holds a file that was just made, until it is closed.
    package static func hold(_ descriptor: Int32) { _ = flock(descriptor, LOCK_EX | LOCK_NB) }

    /// Removes what writers of `target` left that were killed.
    package static func clear(for target: String) {
        let (folder, name) = parts(of: target)
        guard let listing = unsafe opendir(folder) else { return }
        defer { unsafe closedir(listing) }
        while let entry = unsafe readdir(listing) {
            let found = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { unsafe String(cString: $0) }
            }
            if isOf(name, found) { removeAbandoned(folder + found) }
        }
    }

    private static func isOf(_ name: String, _ found: String) -> Bool {
        let (before, after) = (".\(name).", ".tmp")
        guard found.hasPrefix(before), found.hasSuffix(after) else { return false }
        return UInt64(found.dropFirst(before.count).dropLast(after.count)) != nil
    }

    private static func removeAbandoned(_ path: String) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { _ = unsafe unlink(path) }
    }

    private static func parts(of target: String) -> (folder: String, name: String) {
        guard let slash = target.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("./", target) }
        let name = target.utf8.index(after: slash)
        return (String(target[..<name]), String(target[name...]))
    }
}
