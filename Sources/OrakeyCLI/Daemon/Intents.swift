import ArgumentParser
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey intents`.
struct Intents: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the journal: what was to be done on chain, and every transaction tried for it.",
        subcommands: [IntentsList.self, IntentsShow.self], defaultSubcommand: IntentsList.self)
}

struct IntentsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the newest intents.")

    @Option(help: "How many at most.") var limit = 50
    @OptionGroup var json: JSONOption

    func run() throws {
        guard (1...1000).contains(limit) else { throw Failure(.usage, "--limit is a number from 1 to 1000") }
        let client = ControlClient()
        if json.isOn { return Output.json(try client.json("/v1/intents", [("limit", "\(limit)")])) }
        let intents = try client.intents(limit: limit).intents
        guard !intents.isEmpty else { return say("no intents yet") }
        Output.table(
            ["ID", "KIND", "NETWORK", "STATE", "NONCE", "BLOCK", "KEYS", "LAST TRANSACTION"],
            intents.map { intent in
                [
                    "\(intent.id)", intent.kind.rawValue, intent.network, intent.state.rawValue,
                    intent.nonce.map(String.init) ?? "-", intent.block.map(String.init) ?? "-",
                    "\(intent.messages.count)", Console.printable(intent.error ?? intent.attempts.last?.hash ?? "-"),
                ]
            })
    }
}

struct IntentsShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one intent with all attempts.")

    @Argument(help: "The intent's number.") var id: UInt64
    @OptionGroup var json: JSONOption

    func run() throws {
        let client = ControlClient()
        if json.isOn { return Output.json(try client.json("/v1/intents/\(id)")) }
        let intent = try client.intent(id)
        Output.fields([
            ("intent", "\(intent.id)"), ("kind", intent.kind.rawValue), ("network", intent.network),
            ("state", intent.state.rawValue), ("nonce", intent.nonce.map(String.init)),
            ("block", intent.block.map(String.init)), ("error", intent.error.map(Console.printable)),
        ])
        for message in intent.messages { Output.line("message  \(message)") }
        for attempt in intent.attempts {
            Output.line(
                "attempt  \(attempt.hash)  max fee \(attempt.maxFee) wei, tip \(attempt.tip) wei"
                    + (attempt.sentAt == nil ? ", not sent yet" : ""))
        }
    }
}
