import EthereumCore
import EthereumRPC
import OrakeyClient
import OrakeyConfig
import OrakeyCore
import StrictJSON

/// The last step of `orakey init`: whether what was set up will work, and what to do next.
struct SetupChecks {
    let chain: Chain
    let owner: Address
    let file: String
    let wallet: String

    func report(_ json: JSONOption) async throws {
        let head = try await chain.head()
        let balance = try await chain.client.send(.balance(owner, .number(head.number)))
        if let contract = chain.contract {
            try await chain.requireCode(at: contract, block: head)
            let views = try ReferenceContract.Views(chain: chain, address: contract, block: head.number)
            let isReference = try await views.isReference()
            say(
                "ok: there is \(isReference ? "the reference contract" : "a contract") at \(contract), block \(head.number)"
            )
            if !isReference, chain.section?.abi == nil {
                say("warning: it is not the reference contract; describe it under abi: in \(file)")
            }
        } else {
            say("open: no contract yet; orakey contract deploy, or orakey init --deploy")
        }
        say(
            balance == 0
                ? "open: \(owner) has nothing to pay for transactions; send it some ETH on chain \(chain.id)"
                : "ok: \(owner) has \(Amounts.ether(balance))")
        let daemon = "orakeyd --config \(file)"
        say(chain.contract == nil || balance == 0 ? "then start the daemon: \(daemon)" : "start the daemon: \(daemon)")
        guard json.isOn else { return Output.line(file) }
        Output.json([
            "config": .string(file), "wallet": .string(wallet), "owner": .string(owner.checksummed),
            "network": chain.name.map { .string("\($0)") } ?? .null, "chain_id": .integer(chain.id),
            "contract": chain.contract.map { .string($0.checksummed) } ?? .null, "balance": .string("\(balance)"),
            "block": .integer(head.number),
        ])
    }
}
