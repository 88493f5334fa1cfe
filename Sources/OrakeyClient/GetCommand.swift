internal import Glibc
internal import UnixHTTP

/// `orakey get`: the active key on stdout, nothing else. It lives here, and not with the other commands, because the
/// program that runs it before every job must start in a millisecond.
public struct GetCommand: Sendable, Equatable {
    /// The consumer, where policy gives this process several keys.
    public var consumer: String?
    /// The network, where the consumer has keys on several.
    public var network: String?
    /// The whole answer of `GET /v1/key` in place of the key.
    public var json = false

    /// A command with these arguments.
    public init(consumer: String? = nil, network: String? = nil, json: Bool = false) {
        self.consumer = consumer
        self.network = network
        self.json = json
    }

    /// Reads the arguments that follow `get`; nil when they are not the plain ones, so that the full parser shall explain.
    public init?(arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            switch argument {
            case "--json" where !json: json = true
            case "--consumer" where consumer == nil:
                guard let value = rest.next(), !value.hasPrefix("-"), !value.isEmpty else { return nil }
                consumer = value
            case "--network" where network == nil:
                guard let value = rest.next(), !value.hasPrefix("-"), !value.isEmpty else { return nil }
                network = value
            default: return nil
            }
        }
    }

    /// Asks the daemon and prints.
    public func run() -> ExitStatus {
        do throws(ClientError) {
            var bytes = try AgentClient().keyBytes(consumer: consumer, network: network, json: json)
            defer { bytes.wipe() }
            if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            guard Console.write(bytes, to: STDOUT_FILENO) else {
                Console.complain("cannot write the key to standard output: \(String(cString: strerror(errno)))")
                return .inputOutput
            }
            return .success
        } catch {
            Console.complain("\(error)")
            return error.exitStatus
        }
    }
}
