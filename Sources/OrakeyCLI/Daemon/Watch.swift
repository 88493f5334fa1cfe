import ArgumentParser
import Dispatch
import Glibc
import OrakeyAPI
import OrakeyClient
import StrictJSON
import UnixHTTP

/// `orakey watch`.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report the current key at once and each change of it, until interrupted.",
        discussion: """
            Without --json a line an event: "key FINGERPRINT generation N", "revoked FINGERPRINT" or "locked". With --json \
            a line of JSON an event, {"event":...,"data":...}, in which the data of a key event holds the key itself.
            """)

    @Option(help: "The consumer, where policy gives this user several.") var consumer: String?
    @Option(help: "The network, where the consumer has keys on several.") var network: String?
    @OptionGroup var json: JSONOption

    func run() throws {
        var stream = try AgentClient().watch(consumer: consumer, network: network)
        Self.endWithReader()
        while let event = try stream.next() {
            let data = event.data.isEmpty ? JSON.null : try JSON.parse(event.data)
            if json.isOn {
                Output.line(JSON.object(["event": .string(event.event), "data": data]).text)
                continue
            }
            switch event.event {
            case "key":
                let key = try KeyAnswer(json: data).details
                Output.line("key \(key.fingerprint) generation \(key.generation) \(key.network) \(key.consumer)")
            case "revoked":
                Output.line("revoked \(try RevokedEvent(json: data).fingerprint)")
            default:
                Output.line(event.event)
            }
        }
        throw Failure(.unavailable, "orakeyd ended the stream; is it stopping? try again")
    }

    /// Ends this process as a write would once nobody reads its output any more: the next event may be a day away, and
    /// `orakey watch | head -1` would wait for it.
    private static func endWithReader() {
        DispatchQueue.global().async {
            var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&output, 1, -1) < 0, errno == EINTR {}
            if output.revents & Int16(POLLERR) != 0 { kill(getpid(), SIGPIPE) }
        }
    }
}
