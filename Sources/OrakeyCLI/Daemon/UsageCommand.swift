import ArgumentParser
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey usage`.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show what went through the proxy since orakeyd started: requests, tokens, bytes, time.",
        discussion: """
            One line for each consumer, model and key. With --exchanges the last exchanges instead, newest first, each \
            with the hashes of request and answer; "hashes" says whether those that the provider put into the answer \
            are right.
            """)

    @Option(help: ArgumentHelp("Show this many of the last exchanges.", valueName: "n")) var exchanges: Int?
    @OptionGroup var json: JSONOption

    func validate() throws {
        if let exchanges, !(1...1000).contains(exchanges) { throw ValidationError("--exchanges is from 1 to 1000") }
    }

    func run() throws {
        let client = ControlClient()
        guard let exchanges else {
            let answer = try client.json("/v1/usage")
            if json.isOn { return Output.json(answer) }
            return show(try UsageReport(json: answer))
        }
        let answer = try client.json("/v1/usage/exchanges", [("limit", String(exchanges))])
        if json.isOn { return Output.json(answer) }
        try show(answer)
    }

    private func show(_ report: UsageReport) {
        Output.table(
            [
                "CONSUMER", "NETWORK", "MODEL", "KEY", "REQUESTS", "FAILED", "TOKENS IN", "OUT", "BYTES UP", "DOWN",
                "MEAN",
            ],
            report.usage.map { entry in
                let good = entry.statuses.filter { $0.key.hasPrefix("2") }.reduce(0) { $0 + $1.value }
                return [
                    entry.consumer, entry.network, Console.printable(entry.model), entry.fingerprint,
                    String(entry.requests), String(entry.requests - min(good, entry.requests)),
                    String(entry.promptTokens), String(entry.completionTokens), String(entry.bytesUp),
                    String(entry.bytesDown), "\(entry.milliseconds / max(1, entry.requests)) ms",
                ]
            })
    }

    private func show(_ answer: JSON) throws {
        var reader = try JSONReader(answer)
        let list = try reader.array("exchanges").map { json throws(JSONError) in try ExchangeInfo(json: json) }
        Output.table(
            ["CONSUMER", "MODEL", "KEY", "STATUS", "TOKENS IN", "OUT", "TIME", "HASHES", "REQUEST", "ANSWER"],
            list.map {
                [
                    $0.consumer, Console.printable($0.model), $0.fingerprint,
                    $0.status == 0 ? "cut" : String($0.status),
                    String($0.promptTokens), String($0.completionTokens), "\($0.milliseconds) ms", $0.hashes,
                    $0.requestHash, $0.responseHash ?? "-",
                ]
            })
    }
}
