import ArgumentParser
import OrakeyAPI
import OrakeyClient
import OrakeyKey

/// `orakey acknowledge`.
struct Acknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End an alarm that tells of something that has happened, once you have looked into it.",
        discussion: "An alarm whose cause is still there ends with its cause.")

    @Argument(help: "The alarm's name, as orakey status shows it.") var code: String
    @Option(help: "The network, where not all are meant.", transform: NetworkName.argument) var network: NetworkName?

    func run() throws {
        try ControlClient().acknowledge(AcknowledgeRequest(code: code, network: network.map { "\($0)" }))
        say("alarm \(Console.printable(code)) acknowledged")
    }
}
