import ArgumentParser
import OrakeyAPI
import OrakeyClient
import OrakeyConfig
import OrakeyKey

/// `orakey rotate`.
struct Rotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the next key of the pool current; the old one retires, then is disabled.",
        discussion: "Without --consumer and --network all consumers rotate. Prints the fingerprints of the new keys.")

    @Option(help: "Only this consumer.") var consumer: String?
    @Option(help: "Only this network.", transform: NetworkName.argument) var network: NetworkName?
    @Option(
        help: ArgumentHelp("How long the old key stays valid: 30s, 10m, 24h, 7d.", valueName: "duration"),
        transform: DurationArgument.argument)
    var grace: DurationArgument?
    @OptionGroup var wait: WaitOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        let longest = Int(ConsumerSection.longestGrace.components.seconds)
        if let grace, grace.seconds > longest { throw ValidationError("--grace is at most \(longest / 86400)d") }
    }

    func run() throws {
        let request = RotateRequest(consumer: consumer, network: network.map { "\($0)" }, graceSeconds: grace?.seconds)
        try Change.carryOut(wait, json, done: "rotated") { (client, key, time) throws(ClientError) in
            try client.rotate(request, key: key, wait: time)
        }
    }
}
