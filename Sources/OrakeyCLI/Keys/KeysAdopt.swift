import ArgumentParser
import OrakeyAPI
import OrakeyClient
import OrakeyKey
import StrictJSON

/// `orakey keys adopt`.
struct KeysAdopt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take keys that this host did not create into the pool.",
        discussion: """
            Foreign and recovered keys may have been handed out elsewhere, so that orakeyd hands them out on an operator's \
            word only. Prints the fingerprints of the adopted keys.
            """)

    @Argument(help: ArgumentHelp("A fingerprint or a message.", valueName: "SHA256:..|0x..")) var selector: String?
    @Flag(help: "Every foreign and recovered key.") var all = false
    @Option(help: "Only this network.", transform: NetworkName.argument) var network: NetworkName?
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (selector == nil) == all else { throw ValidationError("a fingerprint, a message, or --all is needed") }
    }

    func run() throws {
        let chosen = try selector.map(KeySelector.parse) ?? .all
        let adopted = try ControlClient().adopt(AdoptRequest(chosen, network: network.map { "\($0)" }))
        guard !json.isOn else { return Output.json(["fingerprints": .array(adopted.map { .string($0) })]) }
        adopted.forEach(Output.line)
        say("\(Amounts.count(adopted.count, "key")) adopted into the pool")
    }
}
