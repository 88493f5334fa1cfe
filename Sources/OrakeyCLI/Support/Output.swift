import Glibc
import OrakeyClient
import StrictJSON

/// What goes to standard output: data that programs read, and tables that people read.
enum Output {
    static func line(_ text: String) {
        // Standard output that went away ends the process by SIGPIPE; a full disk must not look like success.
        guard Console.write(Array("\(text)\n".utf8), to: STDOUT_FILENO) else {
            Console.complain("cannot write to standard output: \(String(cString: strerror(errno)))")
            exit(ExitStatus.inputOutput.rawValue)
        }
    }

    static func json(_ value: JSON) { line(value.pretty()) }

    /// Columns as wide as their widest cell, the last one ragged.
    static func table(_ head: [String], _ rows: [[String]]) {
        var widths = head.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        func text(_ row: [String]) -> String {
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
        line(Style.output.bold(text(head)))
        for row in rows { line(text(row)) }
    }

    /// Names in one column, values in the other.
    static func fields(_ fields: [(String, String?)]) {
        let width = fields.map(\.0.count).max() ?? 0
        for (name, value) in fields {
            guard let value else { continue }
            line(name + String(repeating: " ", count: width - name.count) + "  " + value)
        }
    }
}

/// Colours, on a terminal only, and never where NO_COLOR is set (https://no-color.org).
struct Style: Sendable {
    let isOn: Bool

    static let output = Style(descriptor: STDOUT_FILENO)
    static let errors = Style(descriptor: STDERR_FILENO)

    private init(descriptor: Int32) {
        let refused = getenv("NO_COLOR").map { $0[0] != 0 } ?? false
        let dumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        isOn = isatty(descriptor) == 1 && !refused && !dumb
    }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }
    func red(_ text: String) -> String { wrap(text, "31") }

    private func wrap(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}

/// One line on standard error for people.
func say(_ message: String) { Console.complain(message) }
