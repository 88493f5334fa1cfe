import Glibc

extension Configuration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - path: The file; relative to the working directory unless it begins with `/`.
    ///   - users: The users that names in the file stand for.
    /// - Throws: ``ConfigurationError`` with every problem that was found.
    public static func load(path: String, users: UserDatabase = .system) throws(ConfigurationError) -> Configuration {
        let file = ConfigurationText.absolute(path)
        let text = try ConfigurationText.read(file, hint: "`orakey init` makes one, --config names another")
        return try parse(text, file: file, users: users)
    }

    /// Checks the text of a configuration.
    ///
    /// - Parameters:
    ///   - text: The YAML text.
    ///   - file: The absolute path that messages name and that relative paths in the text start from.
    ///   - users: The users that names in the text stand for.
    /// - Throws: ``ConfigurationError`` with every problem that was found.
    public static func parse(
        _ text: String, file: String, users: UserDatabase = .system
    ) throws(ConfigurationError) -> Configuration {
        try ReadingContext.read(text, file: file, users: users, ReadConfiguration.read)
    }
}

/// A configuration file of any service of this project.
package enum ConfigurationText {
    /// The path, made absolute.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let below = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        let base = String(cString: folder)
        return base == "/" ? "/\(below)" : "\(base)/\(below)"
    }

    /// Reads a file that may be a configuration.
    ///
    /// - Parameter hint: what to do when there is none.
    package static func read(_ file: String, hint: String) throws(ConfigurationError) -> String {
        func failure(_ message: String) -> ConfigurationError {
            .init(problems: [.init(code: .unreadable, file: file, line: 0, column: 0, message: message)])
        }
        // Without O_NONBLOCK a pipe in the place of the file would hold the daemon up for ever.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            let advice = code == EACCES ? "run this as its owner or as root" : hint
            throw failure("cannot be read: \(reason); \(advice)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure("is not a regular file")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw failure("may be written by everybody; run chmod o-w on it")
        }
        var bytes: [UInt8] = []
        let limit = YAMLText.maximumBytes + 1
        while bytes.count < limit {
            let room = limit - bytes.count
            var got = 0
            bytes.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                    got = Glibc.read(descriptor, buffer.baseAddress, room)
                    count = max(0, got)
                })
            if got == 0 { break }
            guard got > 0 || errno == EINTR else {
                throw failure("cannot be read: \(String(cString: strerror(errno)))")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("is not UTF-8 text") }
        return text
    }
}
