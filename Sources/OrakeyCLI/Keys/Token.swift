import ArgumentParser
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey token`.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a local token for the proxy's loopback port, nothing else.",
        discussion: """
            It goes where OpenAI's clients want an api_key, stands for one consumer, and is useless anywhere else. A \
            restart of orakeyd ends all tokens. With --json also when it ends, and the base_url to use it at. On the \
            proxy's Unix socket no token is needed.
            """)

    @Option(help: "The consumer, where policy gives this user several.") var consumer: String?
    @Option(help: "The network, where the consumer has keys on several.") var network: String?
    @Option(
        help: ArgumentHelp("How long it is good for, as 30s, 10m or 24h; at most 24h.", valueName: "time"),
        transform: DurationArgument.argument)
    var ttl: DurationArgument?
    @OptionGroup var json: JSONOption

    func validate() throws {
        if let ttl, !(1...86400).contains(ttl.seconds) { throw ValidationError("--ttl is from 1s to 24h") }
    }

    func run() throws {
        let answer = try AgentClient().token(
            consumer: consumer, network: network, seconds: ttl.map { Int64($0.seconds) })
        if json.isOn { return Output.json(answer) }
        Output.line(try TokenAnswer(json: answer).token)
    }
}
