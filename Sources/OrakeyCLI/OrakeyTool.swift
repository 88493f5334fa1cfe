import ArgumentParser
import CLinuxShims
import Glibc
import OrakeyClient

/// Runs the command line of this process.
public enum OrakeyTool {
    /// Parses the arguments, runs the command and ends the process with its exit code.
    ///
    /// On the main thread, where commands that do not wait for the chain stay: a pool's thread blocks signals, and a
    /// command that `orakey exec` becomes would inherit that.
    @MainActor public static func main() async -> Never {
        // Secrets pass through this process. A command that it becomes starts out with the usual rights again.
        _ = orakey_no_crash_reports()
        _ = orakey_set_undumpable()
        Glibc.exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    @MainActor static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Orakey.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch let failure as Failure {
            if let message = failure.message { Console.complain(message) }
            return failure.code
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return report(error)
        }
    }

    /// Help and version go to standard output; what the parser refuses is one line that says where to read on.
    private static func report(_ error: any Error) -> Int32 {
        let code = Orakey.exitCode(for: error)
        guard code != .success else {
            Output.line(Orakey.fullMessage(for: error))
            return code.rawValue
        }
        if code == .validationFailure {
            // Behind the message stands the usage, then "See 'orakey x --help' for more information."
            let help = Orakey.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help") }
            let advice = help.flatMap { $0.split(separator: "'").dropFirst().first.map(String.init) } ?? "orakey --help"
            let what = oneLine(withoutSecrets(Orakey.message(for: error)))
            Console.complain("\(what.hasSuffix(".") ? String(what.dropLast()) : what); see \(advice)")
            return ExitStatus.usage.rawValue
        }
        let failure = Failure(error)
        if let message = failure.message { Console.complain(message) }
        return failure.code
    }

    /// A message whose first line ends in a colon goes on with a list, an item a line.
    private static func oneLine(_ message: String) -> String {
        let lines = message.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "-" } }
        guard let first = lines.first else { return "wrong usage" }
        let items = first.hasSuffix(":") ? lines.dropFirst() : []
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
            let isOption = part.hasPrefix("--") && part.hasSuffix(">") && part.contains(" <")
            return isQuoted && mayBeSecret(part) && !isOption ? "..." : String(part)
        }.joined(separator: "'")
    }

    private static func mayBeSecret(_ text: Substring) -> Bool {
        text.utf8.count > 32 || text.contains { $0.isWhitespace || !$0.isASCII }
    }
}
