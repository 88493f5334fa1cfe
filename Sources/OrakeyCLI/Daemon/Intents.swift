import ArgumentParser
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey intents`.
struct Intents: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the journal of what was to be done on chain; speed an intent up or cancel it.",
        subcommands: [IntentsList.self, IntentsShow.self, IntentsSpeedUp.self, IntentsCancel.self],
        defaultSubcommand: IntentsList.self)
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

struct IntentsSpeedUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speedup", abstract: "Send an intent's transaction again with higher fees, at the same nonce.")

    @Argument(help: "The intent's number.") var id: UInt64
    @OptionGroup var json: JSONOption

    func run() throws {
        let intent = try ControlClient().speedUp(id)
        guard !json.isOn else { return Output.json(intent.json) }
        say("intent \(id) is \(intent.state.rawValue), \(Amounts.count(intent.attempts.count, "transaction")) so far")
    }
}

struct IntentsCancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Replace an intent's transaction by one that leaves it out, at the same nonce.",
        discussion: "Whichever of the two the chain takes decides; orakey intents show says which.")

    @Argument(help: "The intent's number.") var id: UInt64
    @OptionGroup var json: JSONOption

    func run() throws {
        let intent = try ControlClient().cancel(id)
        guard !json.isOn else { return Output.json(intent.json) }
        say(
            intent.state == .cancelled
                ? "intent \(id) is cancelled"
                : "intent \(id) is \(intent.state.rawValue); the chain decides whether it still happens")
    }
}
