public import ArgumentParser
import CLinuxShims
import Glibc

/// A program that holds secrets and serves until it is told to end.
public protocol ServiceProgram: AsyncParsableCommand {}

extension ServiceProgram {
    /// Confines the process and runs the command. Wrong usage is told in one line, with exit status 64.
    ///
    /// On the first thread, which is the main actor's, and before there is another: privileges are a thread's own, and later
    /// threads inherit.
    @MainActor public static func main() async {
        _ = orakey_no_crash_reports()
        _ = orakey_no_core_dumps()
        _ = orakey_set_undumpable()
        _ = orakey_no_new_privileges()
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            guard var service = command as? any AsyncParsableCommand else { return try command.run() }
            try await service.run()
        } catch {
            // Help and version: asked for, and success only where they could be written.
            if exitCode(for: error) == .success { tell(fullMessage(for: error)) }
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            complain(UsageLine.text(message(for: error), help: fullMessage(for: error)))
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
    }

    /// Writes what was asked for to standard output and ends the process: with success, or with status 74 where it can't
    /// be written.
    public static func tell(_ text: String) -> Never {
        var rest = Array("\(text)\n".utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                complain("cannot write to standard output: \(String(cString: strerror(errno)))")
                Glibc.exit(EX_IOERR)
            }
            rest = rest.dropFirst(count)
        }
        Glibc.exit(EX_OK)
    }

    /// One line on standard error, as the program's own.
    public static func complain(_ message: String) {
        let line = Array("\(_commandName): \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
