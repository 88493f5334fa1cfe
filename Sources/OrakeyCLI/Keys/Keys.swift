import ArgumentParser
import OrakeyAPI
import OrakeyClient
import OrakeyKey
import StrictJSON

/// `orakey keys`.
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List keys, create some for the pool, adopt others, prove that one is dead.",
        subcommands: [KeysList.self, KeysCreate.self, KeysAdopt.self, KeysProof.self, KeysCheckProof.self],
        defaultSubcommand: KeysList.self)
}

struct KeysList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every key of the wallet, by fingerprint; never the key itself.")

    /// Keys asked for at a time.
    private static let page = 500

    @Option(help: "Only keys in this state: \(KeyState.allCases.map(\.rawValue).joined(separator: ", ")).")
    var state: KeyState?
    @OptionGroup var json: JSONOption

    func run() throws {
        let client = ControlClient()
        if json.isOn {
            var all: [JSON] = []
            var after: String?
            repeat {
                let page = try client.json(
                    "/v1/keys", [("after", after), ("limit", "\(Self.page)"), ("state", state?.rawValue)])
                all += page["keys"]?.arrayValue ?? []
                after = page["next"]?.stringValue
            } while after != nil
            return Output.json(["keys": .array(all)])
        }
        var rows: [[String]] = []
        var after: String?
        repeat {
            let page = try client.keys(after: after, limit: Self.page, state: state)
            rows += page.keys.map(row)
            after = page.next
        } while after != nil
        guard !rows.isEmpty else {
            return say("no keys\(state.map { " in state \($0.rawValue)" } ?? " yet; orakey keys create")")
        }
        Output.table(["FINGERPRINT", "NETWORK", "STATE", "CONSUMER", "GEN", "CREATED", "MESSAGE"], rows)
    }

    private func row(_ key: KeyInfo) -> [String] {
        [
            key.fingerprint ?? "-", key.network, key.state.rawValue, key.consumer ?? "-",
            key.generation.map(String.init) ?? "-", key.createdBlock.map(String.init) ?? "-", key.message ?? "-",
        ]
    }
}

struct KeysCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create keys on chain for the pool.",
        discussion: "Prints the fingerprints of the new keys, one a line.")

    @Option(name: [.customShort("n"), .long], help: "How many.") var count = 1
    @Option(help: "The network, where the daemon has several.", transform: NetworkName.argument) var network:
        NetworkName?
    @OptionGroup var wait: WaitOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...maximumKeysPerRequest).contains(count) else {
            throw ValidationError("--count is a number from 1 to \(maximumKeysPerRequest)")
        }
    }

    func run() throws {
        let request = CreateRequest(network: network.map { "\($0)" }, count: count)
        try Change.carryOut(wait, json, done: "\(Amounts.count(count, "key")) created on chain") {
            (client, key, time) throws(ClientError) in
            try client.create(request, key: key, wait: time)
        }
    }
}
