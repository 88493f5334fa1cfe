import Yams

/// What all readers of one file share: its name and folder, the users of the host, and the problems found so far.
package final class ReadingContext {
    /// The absolute path of the configuration file.
    package let file: String
    /// Names of users and groups.
    package let users: UserDatabase
    package private(set) var problems: [ConfigurationError.Problem] = []

    package init(file: String, users: UserDatabase) {
        self.file = file
        self.users = users
    }

    /// Notes a problem.
    func report(_ code: ConfigurationError.Code, _ mark: Mark?, _ message: String) {
        problems.append(
            .init(code: code, file: file, line: mark?.line ?? 0, column: mark?.column ?? 0, message: message))
    }

    /// Parses a text and reads it; all problems of the file are thrown together.
    package static func read<Settings>(
        _ text: String, file: String, users: UserDatabase, _ reading: (Value) -> Settings?
    ) throws(ConfigurationError) -> Settings {
        let context = ReadingContext(file: file, users: users)
        var settings: Settings?
        YAMLText.parse(text, in: context) { settings = reading($0) }
        guard let settings, context.problems.isEmpty else {
            let inOrder = context.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
            throw ConfigurationError(problems: inOrder)
        }
        return settings
    }

    /// A path relative to the configuration file, made absolute.
    package func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let folder = file.lastIndex(of: "/").map { file[..<$0] } ?? ""
        return "\(folder)/\(path)"
    }

    /// A short text in quotes with everything but printable ASCII replaced, safe to print.
    package static func quote(_ text: String, limit: Int = 40) -> String {
        let shown = text.unicodeScalars.prefix(limit).map { $0.value >= 0x20 && $0.value < 0x7f ? Character($0) : "?" }
        return "'" + String(shown) + (text.unicodeScalars.count > limit ? "..." : "") + "'"
    }
}
