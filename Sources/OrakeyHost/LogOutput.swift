import Glibc
public import Logging

/// How log lines look.
public enum LogFormat: String, CaseIterable, Sendable { case text, json }

/// The least important lines that are written.
public enum LogLevel: String, CaseIterable, Sendable { case debug, info, notice, warning, error }

/// Log lines on stderr: text for people, JSON for collectors, with journald's priorities under systemd.
public struct LogOutput: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    let format: LogFormat
    /// Under systemd stderr is a stream to the journal, which reads "<4>" at the start of a line as a priority.
    let hasPriorities: Bool

    /// A logger that writes to stderr.
    public static func logger(_ label: String, format: LogFormat, level: LogLevel) -> Logger {
        let hasPriorities = getenv("JOURNAL_STREAM") != nil && isatty(STDERR_FILENO) == 0
        return Logger(label: label) { _ in
            LogOutput(
                logLevel: Logger.Level(rawValue: level.rawValue) ?? .info, format: format, hasPriorities: hasPriorities)
        }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let line =
            switch format {
            case .text: text(event.level, "\(event.message)", fields)
            case .json: json(event.level, "\(event.message)", fields)
            }
        // One write per line, so that lines of several threads never mix.
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private func text(_ level: Logger.Level, _ message: String, _ fields: [(key: String, value: Logger.MetadataValue)])
        -> String
    {
        let tail = fields.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let prefix = hasPriorities ? "<\(Self.priority(level))>" : "\(Self.timestamp()) \(level.rawValue) "
        return prefix + Self.clean(message) + tail
    }

    private func json(_ level: Logger.Level, _ message: String, _ fields: [(key: String, value: Logger.MetadataValue)])
        -> String
    {
        let all =
            [("time", Self.timestamp()), ("level", level.rawValue), ("message", message)]
            + fields.map { ($0.key, "\($0.value)") }
        return "{" + all.map { "\(Self.string($0.0)):\(Self.string($0.1))" }.joined(separator: ",") + "}"
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// UTC, RFC 3339 with milliseconds.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let milliseconds = String(now.tv_nsec / 1_000_000 + 1000).dropFirst()
        return
            "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)Z"
    }

    /// A hostile endpoint's text must not start a line of its own.
    private static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }

    private static func quoted(_ text: String) -> String {
        let text = clean(text)
        guard text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return text }
        return "\"" + text.replacing("\"", with: "'") + "\""
    }

    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
