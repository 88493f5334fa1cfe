import ArgumentParser
import OrakeyClient

/// `orakey get`, for its help and for arguments that the small front leaves to the full parser.
struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the active key, nothing else.",
        discussion: "With --json the whole answer: key, network, owner, message, fingerprint, generation, expiry.")

    @Option(help: "The consumer, where policy gives this user several.") var consumer: String?
    @Option(help: "The network, where the consumer has keys on several.") var network: String?
    @OptionGroup var json: JSONOption

    func run() throws {
        let status = GetCommand(consumer: consumer, network: network, json: json.isOn).run()
        guard status == .success else { throw Failure(status, nil) }
    }
}
