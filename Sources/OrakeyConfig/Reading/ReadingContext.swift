import Yams

/// What all readers of one file share: its name and folder, the users of the host, and the problems found so far.
final class ReadingContext {
    /// The absolute path of the configuration file.
    let file: String
    /// Names of users and groups.
    let users: UserDatabase
    private(set) var problems: [ConfigurationError.Problem] = []

    init(file: String, users: UserDatabase) {
        self.file = file
        self.users = users
    }

    /// Notes a problem.
    func report(_ code: ConfigurationError.Code, _ mark: Mark?, _ message: String) {
        problems.append(
            .init(code: code, file: file, line: mark?.line ?? 0, column: mark?.column ?? 0, message: message))
    }

    /// A path relative to the configuration file, made absolute.
    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let folder = file.lastIndex(of: "/").map { file[..<$0] } ?? ""
        return "\(folder)/\(path)"
    }

    /// A short text in quotes with everything but printable ASCII replaced, safe to print.
    static func quote(_ text: String, limit: Int = 40) -> String {
        let shown = text.unicodeScalars.prefix(limit).map { $0.value >= 0x20 && $0.value < 0x7f ? Character($0) : "?" }
        return "'" + String(shown) + (text.unicodeScalars.count > limit ? "..." : "") + "'"
    }
}
