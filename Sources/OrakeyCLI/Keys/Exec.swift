import ArgumentParser
import CLinuxShims
import EthereumWallet
import Glibc
import OrakeyClient

/// `orakey exec`.
struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command with the key in its environment.",
        discussion: """
            orakey exec -- python chat.py
            The command takes this process's place, so its exit code and every signal are its own. Failures before it \
            runs end with 125, a command that cannot be run with 126, one that is not found with 127.
            """)

    @Option(name: .customLong("env"), help: ArgumentHelp("The variable that gets the key.", valueName: "name"))
    var variable = "ORA_API_KEY"
    @Option(help: "The consumer, where policy gives this user several.") var consumer: String?
    @Option(help: "The network, where the consumer has keys on several.") var network: String?
    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("The command and its arguments, after --.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command; orakey exec -- COMMAND ARGUMENTS") }
        let name = variable.utf8
        let isPlain = name.allSatisfy {
            $0 == 0x5F || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
        }
        guard let first = name.first, isPlain, first > 0x39 else {
            throw ValidationError("--env takes a variable's name: letters, digits and _")
        }
    }

    func run() throws {
        let key: SecretBytes
        do throws(ClientError) {
            key = try fetch()
        } catch {
            throw Failure(code: 125, "\(error)")
        }
        let entry = environmentEntry(key)
        let failure = entry.withUnsafeBytes { entry in
            guard let start = entry.baseAddress else { return EINVAL }
            return replaceProcess(UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: CChar.self)))
        }
        let name = command[0]
        throw failure == ENOENT
            ? Failure(code: 127, "\(name): command not found")
            : Failure(code: 126, "cannot run \(name): \(String(cString: strerror(failure)))")
    }

    private func fetch() throws(ClientError) -> SecretBytes {
        var bytes = try AgentClient().keyBytes(consumer: consumer, network: network)
        defer { bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
        while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
        return SecretBytes(copying: bytes)
    }

    /// `NAME=key` and the closing zero, in secret memory until the kernel copies it for the command.
    private func environmentEntry(_ key: SecretBytes) -> SecretBytes {
        let name = Array("\(variable)=".utf8)
        return SecretBytes(count: name.count + key.count + 1) { buffer in
            buffer.copyBytes(from: name)
            key.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[name.count...]).copyMemory(from: $0) }
        }
    }

    /// Becomes the command; comes back with errno when that is not possible.
    private func replaceProcess(_ entry: UnsafeMutablePointer<CChar>) -> Int32 {
        // putenv takes the string itself, not a copy of it.
        guard putenv(entry) == 0 else { return errno }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        execvp(command[0], arguments)
        return errno
    }
}
