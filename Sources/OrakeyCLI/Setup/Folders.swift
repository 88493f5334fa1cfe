import Glibc
import OrakeyClient

enum Folders {
    /// Makes the folder of a file, with those above it, for the owner alone; returns it as an absolute path.
    static func make(of file: String) throws -> String {
        let folder = absolute(AtomicFile.folder(of: file))
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                let reason = errno
                throw Failure(
                    reason == EACCES || reason == EPERM ? .notPermitted : .cannotCreate,
                    "cannot make the folder \(path): \(String(cString: strerror(reason)))")
            }
        }
        return folder
    }

    /// A path that does not depend on the working directory.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let base = String(cString: folder)
        if path == "." { return base }
        let below = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return base == "/" ? "/\(below)" : "\(base)/\(below)"
    }
}
