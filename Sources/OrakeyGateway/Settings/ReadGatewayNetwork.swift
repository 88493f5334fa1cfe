import EthereumCore
import EthereumWallet
import OrakeyConfig
import OrakeyKey

/// Reads `networks:` of the gateway. What orakeyd knows too has the same name and form there.
enum ReadGatewayNetwork {
    private static let longest: Duration = .seconds(86400 * 366)

    static func all(_ value: Value) -> [GatewayNetwork] {
        guard var reader = value.mapping() else { return [] }
        guard !reader.keys.isEmpty else {
            value.report(.missing, "names no network")
            return []
        }
        var networks: [GatewayNetwork] = []
        for key in reader.keys {
            guard let entry = reader.named(key) else { continue }
            do {
                if let network = one(entry, name: try NetworkName(key)) { networks.append(network) }
            } catch {
                reader.report(.invalid, at: key, "\(error)")
            }
        }
        return networks
    }

    private static func one(_ value: Value, name: NetworkName) -> GatewayNetwork? {
        guard var reader = value.mapping() else { return nil }
        let chainID = reader.required("chain_id", "the chain's EIP-155 number, 8453 for Base")?
            .integer(in: 1...ReadNetwork.highestChainID)
        let rpc = ReadNetwork.endpoints(reader.required("rpc", "a list of JSON-RPC endpoints"))
        let contract = reader.required("contract", "the address of the key contract")?.parsed { try Address($0) }
        let quorum = reader.optional("quorum")?.integer(in: 1...ReadNetwork.mostEndpoints) ?? 1
        let firstBlock = reader.optional("first_block")?.integer(in: 0...UInt64(UInt32.max)) ?? 0
        let confirmations = ReadNetwork.confirmations(reader.optional("confirmations")) ?? .depth(1)
        let pollInterval =
            reader.optional("poll_interval")?.duration(in: .milliseconds(50) ... .seconds(600)) ?? .seconds(2)
        let age = reader.optional("max_chain_age")?.duration(in: .seconds(1)...longest)
        let headAge = reader.optional("max_head_age")?.duration(in: .seconds(1)...longest)
        let layout = reader.optional("layout")?.word([KeyLayout.text, .binary]) ?? .text
        let signing = reader.optional("signing")?.word([SigningScheme.eip191, .eip191Hex]) ?? .eip191
        let abi = reader.optional("abi").flatMap(abi)
        if !rpc.isEmpty, quorum > rpc.count {
            reader.report(.contradiction, at: "quorum", "asks for more endpoints than the \(rpc.count) under rpc")
        }
        if let age, age < pollInterval {
            reader.report(
                .contradiction, at: "max_chain_age", "is shorter than poll_interval: every view would be too old")
        }
        reader.finish()
        guard let chainID, let contract, !rpc.isEmpty else { return nil }
        return GatewayNetwork(
            name: name, chainID: chainID, rpc: rpc, quorum: quorum, contract: contract, firstBlock: firstBlock,
            confirmations: confirmations, pollInterval: pollInterval,
            maximumChainAge: age ?? max(.seconds(60), pollInterval * 3), maximumHeadAge: headAge, layout: layout,
            signing: signing, abi: abi)
    }

    /// Whether the names are in the file is checked when the ABI is loaded.
    private static func abi(_ value: Value) -> EventNames? {
        guard var reader = value.mapping() else { return nil }
        let file = reader.required("file", "the contract's ABI in JSON")?.filePath()
        let events = reader.required("events", "the names of the events, { created: ..., disabled: ... }")
        reader.finish()
        guard let events, var names = events.mapping() else { return nil }
        let created = names.required("created", "the event of a created key")?.text()
        let disabled = names.required("disabled", "the event of a disabled key")?.text()
        names.finish()
        guard let file, let created, let disabled else { return nil }
        return EventNames(file: file, created: created, disabled: disabled)
    }
}
