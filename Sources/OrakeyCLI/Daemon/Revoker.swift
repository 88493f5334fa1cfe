import ArgumentParser
import EthereumCore
import OrakeyAPI
import OrakeyClient
import OrakeyKey

/// `orakey revoker`.
struct RevokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoker", abstract: "Appoint an address that may disable this wallet's keys, and nothing else.",
        subcommands: [RevokerSet.self, RevokerClear.self])
}

struct RevokerSet: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Appoint the revoker.")

    @Argument(help: "The revoker's address.", transform: Address.argument) var address: Address
    @Option(help: "The network, where the daemon has several.", transform: NetworkName.argument) var network:
        NetworkName?
    @OptionGroup var wait: WaitOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        if address == .zero { throw ValidationError("the zero address is nobody; orakey revoker clear withdraws") }
    }

    func run() throws {
        let request = RevokerRequest(network: network.map { "\($0)" }, address: address.checksummed)
        try Change.carryOut(wait, json, done: "revoker appointed") { (client, key, time) throws(ClientError) in
            try client.setRevoker(request, key: key, wait: time)
        }
    }
}

struct RevokerClear: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "clear", abstract: "Withdraw the appointment.")

    @Option(help: "The network, where the daemon has several.", transform: NetworkName.argument) var network:
        NetworkName?
    @OptionGroup var wait: WaitOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let request = RevokerRequest(network: network.map { "\($0)" }, address: nil)
        try Change.carryOut(wait, json, done: "appointment withdrawn") { (client, key, time) throws(ClientError) in
            try client.setRevoker(request, key: key, wait: time)
        }
    }
}
