/// Everything that is wrong with a configuration file, with the place of each problem.
///
/// The reader goes through the whole file before it gives up, so that one run of `orakeyd --check-config` shows all
/// that has to be mended.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What sort of problem it is. Open: later versions may add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the code, in lower-case words joined by underscores.
        public let description: String

        /// The file cannot be read, is too large, or may be written by anybody.
        public static let unreadable = Code(description: "unreadable")
        /// The file is not YAML, or uses a part of YAML that has no place in a configuration.
        public static let syntax = Code(description: "syntax")
        /// A key that this version does not know.
        public static let unknownKey = Code(description: "unknown_key")
        /// A key that a later version will know.
        public static let unsupported = Code(description: "unsupported")
        /// The same key, name or address twice.
        public static let duplicate = Code(description: "duplicate")
        /// A key that has to be there.
        public static let missing = Code(description: "missing")
        /// A value of the wrong type, form or range.
        public static let invalid = Code(description: "invalid")
        /// Two settings that cannot both hold.
        public static let contradiction = Code(description: "contradiction")
    }

    /// One problem at one place.
    public struct Problem: Equatable, Sendable, CustomStringConvertible {
        /// What sort of problem it is.
        public let code: Code
        /// The configuration file.
        public let file: String
        /// The line from 1, or 0 where the problem is the file as a whole.
        public let line: Int
        /// The column from 1, counted in Unicode scalars, or 0 where the problem is the file as a whole.
        public let column: Int
        /// What is wrong and what to do. Never holds an endpoint's address, which may carry an access token.
        public let message: String

        /// `file:line:column: message`, the form that editors follow.
        public var description: String {
            line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
        }
    }

    /// The problems in the order of the file. Never empty.
    public let problems: [Problem]

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
