import ArgumentParser
import CLinuxShims
import Glibc
import OrakeyClient
import OrakeyHost

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
            Console.complain(UsageLine.text(Orakey.message(for: error), help: Orakey.fullMessage(for: error)))
            return ExitStatus.usage.rawValue
        }
        let failure = Failure(error)
        if let message = failure.message { Console.complain(message) }
        return failure.code
    }
}
