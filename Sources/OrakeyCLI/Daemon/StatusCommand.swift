import ArgumentParser
import OrakeyAPI
import OrakeyClient
import StrictJSON

/// `orakey status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what orakeyd knows and does: networks, pools, consumers, alarms.")

    @OptionGroup var json: JSONOption

    func run() throws {
        let client = ControlClient()
        if json.isOn { return Output.json(try client.json("/v1/status")) }
        let status = try client.status()
        let lock = status.state == .unlocked ? Style.output.green("unlocked") : Style.output.yellow("locked")
        Output.line("orakeyd \(status.version), \(lock), up \(duration(status.uptimeSeconds))")
        if let revoker = status.revoker { Output.line("revoker \(revoker), open") }
        for network in status.networks { show(network) }
        if !status.consumers.isEmpty {
            Output.line("")
            Output.table(
                ["CONSUMER", "NETWORK", "GENERATION", "KEY"],
                status.consumers.map {
                    [$0.name, $0.network, $0.generation.map(String.init) ?? "-", $0.fingerprint ?? "no key yet"]
                })
        }
    }

    private func show(_ network: NetworkStatus) {
        Output.line("")
        Output.line(Style.output.bold(network.network + (network.chainID.map { " (chain \($0))" } ?? "")))
        let head = network.head.map { head in
            "block \(head)" + (network.headAgeSeconds.map { ", \(duration($0)) old" } ?? "")
                + (network.lagBlocks.map { $0 == 0 ? "" : ", \(Amounts.count(Int(clamping: $0), "block")) behind" }
                    ?? "")
        }
        Output.fields([
            ("  contract", network.contract ?? "not deployed; run orakey contract deploy"),
            ("  owner", network.owner ?? "not known before the first unlock"),
            ("  balance", network.balance.map(Amounts.ether(wei:))),
            ("  head", head ?? "not seen yet"),
            ("  pool", "\(network.pool.ready) of \(network.pool.target) ready, \(network.pool.pending) on the way"),
            ("  pending", network.pendingIntents == 0 ? nil : Amounts.count(network.pendingIntents, "intent")),
        ])
        for endpoint in network.endpoints {
            let state =
                endpoint.healthy
                ? Style.output.green("ok") : Style.output.red(Console.printable(endpoint.error ?? "not healthy"))
            Output.line("  endpoint  \(endpoint.url)  \(state)")
        }
        for alarm in network.alarms {
            Output.line("  " + Style.output.red("alarm") + "  \(alarm.code): \(Console.printable(alarm.message))")
        }
    }

    private func duration(_ seconds: UInt64) -> String { Amounts.duration(seconds: seconds) }
}
