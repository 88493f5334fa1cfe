/// What a parser of arguments says of wrong ones, as one line that tells where to read on and repeats no secret.
public enum UsageLine {
    /// - Parameters:
    ///   - message: what is wrong.
    ///   - help: the message with the usage behind it and then "See 'orakey x --help' for more information."
    public static func text(_ message: String, help: String) -> String {
        let pointer = help.split(separator: "\n").last { $0.contains("--help") }
        let advice = pointer.flatMap { $0.split(separator: "'").dropFirst().first.map(String.init) } ?? "--help"
        let what = oneLine(withoutSecrets(message))
        return "\(what.hasSuffix(".") ? String(what.dropLast()) : what); see \(advice)"
    }

    /// A message whose first line ends in a colon goes on with a list, an item a line.
    private static func oneLine(_ message: String) -> String {
        let lines = message.split(separator: "\n")
        guard let first = lines.first else { return "wrong usage" }
        let items = first.hasSuffix(":") ? lines.dropFirst().map { $0.drop { $0 == " " || $0 == "-" } } : []
        return items.isEmpty ? String(first) : "\(first) " + items.joined(separator: ", ")
    }

    /// The parser quotes what it does not understand. Words typed where none belong may be a secret that went to the wrong
    /// place: none of them is repeated. Neither is anything else as long as a key, or with blanks in it.
    private static func withoutSecrets(_ message: String) -> String {
        if message.hasPrefix("Unexpected argument") || message.contains(" unexpected arguments") {
            return "there is an argument too many; secrets are asked for, or come from standard input or a descriptor"
        }
        // "The value 'm/44'/x' is invalid for '--path <m/...>': why": a value may have quotes of its own.
        let (before, behind) = ("The value '", "' is invalid for '")
        if message.hasPrefix(before), let end = message.ranges(of: behind).last {
            let value = message[message.index(message.startIndex, offsetBy: before.count)..<end.lowerBound]
            return before + (mayBeSecret(value) ? "..." : value) + message[end.lowerBound...]
        }
        return message.split(separator: "'", omittingEmptySubsequences: false).enumerated().map { index, part in
            let isQuoted = index % 2 == 1
            // How the parser writes an option and what it takes: "--owner <address>".
            let isOption = part.hasPrefix("-") && part.hasSuffix(">") && part.contains(" <")
            return isQuoted && mayBeSecret(part) && !isOption ? "..." : String(part)
        }.joined(separator: "'")
    }

    private static func mayBeSecret(_ text: Substring) -> Bool {
        text.utf8.count > 32 || text.contains { $0.isWhitespace || !$0.isASCII }
    }
}
