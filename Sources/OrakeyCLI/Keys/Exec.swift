import ArgumentParser
import EthereumWallet
import Glibc
import OrakeyClient
import OrakeyHost
import UnixHTTP

/// `orakey exec`.
struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command with the key in its environment.",
        discussion: """
            orakey exec -- python chat.py
            Exit code and signals are the command's own. Failures before it runs end with 125, a command that cannot be run \
            with 126, one that is not found with 127. With --on-rotate ignore (the default) the command takes this \
            process's place.
            """)

    @Option(name: .customLong("env"), help: ArgumentHelp("The variable that gets the key.", valueName: "name"))
    var variable = "ORA_API_KEY"
    @Option(
        name: .customLong("on-rotate"),
        help: ArgumentHelp(
            "When the key changes: ignore it, restart the command (SIGTERM, after 10 s SIGKILL), or send it this signal.",
            valueName: "ignore|restart|SIGNAL"),
        completion: .list(["ignore", "restart", "HUP", "INT", "TERM", "USR1", "USR2"]))
    var onRotate = "ignore"
    @Option(help: "The consumer, where policy gives this user several.") var consumer: String?
    @Option(help: "The network, where the consumer has keys on several.") var network: String?
    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("The command and its arguments, after --.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command; orakey exec -- COMMAND ARGUMENTS") }
        guard RotationResponse(argument: onRotate) != nil else {
            throw ValidationError("--on-rotate is ignore, restart or a signal such as HUP")
        }
        let isPlain = variable.utf8.allSatisfy {
            $0 == 0x5F || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
        }
        guard let first = variable.utf8.first, isPlain, first > 0x39 else {
            throw ValidationError("--env takes the name of a variable: letters, digits and _")
        }
    }

    func run() throws {
        let key: SecretBytes
        do throws(ClientError) {
            key = try fetch()
        } catch {
            throw Failure(code: 125, "\(error)")
        }
        let response = RotationResponse(argument: onRotate) ?? .ignore
        guard response != .ignore else {
            throw notRun(setting(key) { replaceProcess() })
        }
        let supervisor = ExecSupervisor(
            response: response, fetch: fetch, start: { key, mask in setting(key) { spawn(mask) } },
            watch: KeyWatch(consumer: consumer, network: network))
        let status = supervisor.run(key)
        guard status >= 0 else { throw notRun(-status) }
        throw Failure(code: endLike(status), nil)
    }

    private func fetch() throws(ClientError) -> SecretBytes {
        var bytes = try AgentClient().keyBytes(consumer: consumer, network: network)
        defer { bytes.wipe() }
        while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
        return SecretBytes(copying: bytes)
    }

    private func notRun(_ failure: Int32) -> Failure {
        let name = command[0]
        return failure == ENOENT
            ? Failure(code: 127, "\(name): command not found")
            : Failure(code: 126, "cannot run \(name): \(String(cString: strerror(failure)))")
    }

    /// Calls with the variable set. `NAME=key` lies in secret memory until the kernel copies it for the command.
    private func setting(_ key: SecretBytes, _ call: () -> Int32) -> Int32 {
        let name = Array("\(variable)=".utf8)
        let entry = SecretBytes(count: name.count + key.count + 1) { buffer in
            buffer.copyBytes(from: name)
            key.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[name.count...]).copyMemory(from: $0) }
        }
        return entry.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return -EINVAL }
            // putenv takes the string itself, not a copy of it; it is taken out again before the memory goes.
            guard putenv(UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: CChar.self))) == 0 else {
                return -errno
            }
            defer { unsetenv(variable) }
            return call()
        }
    }

    private func withArguments<T>(_ call: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
        let copies = command.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return call(copies + [nil])
    }

    /// Becomes the command; comes back with errno when that is not possible.
    private func replaceProcess() -> Int32 {
        withArguments { arguments in
            guard let program = arguments[0] else { return EINVAL }
            execvp(program, arguments)
            return errno
        }
    }

    /// Starts the command as a child with the signals as this process found them: its id, or a negative errno. It does not
    /// outlive this process: nobody else would restart it, or pass signals on.
    private func spawn(_ mask: sigset_t) -> Int32 {
        var mask = mask
        return withArguments { BoundChild.start($0, mask: &mask) }
    }

    /// The exit code of a command that ended by itself; dies of the same signal as one that did not.
    private func endLike(_ status: Int32) -> Int32 {
        let number = status & 0x7F
        guard number != 0 else { return status >> 8 & 0xFF }
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        return 128 + number
    }
}
