import ArgumentParser
import EthereumABI
import EthereumCore
import EthereumRPC
import OrakeyClient
import OrakeyCore
import StrictJSON

/// `orakey contract info`.
struct ContractInfo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show what is deployed at the contract's address.",
        discussion: "Exit code 1 when there is no code. With --owner also that owner's keys and revoker.")

    @OptionGroup var chain: ChainOptions
    @OptionGroup var configuration: ConfigurationOptions
    @Option(help: ArgumentHelp("An owner of keys.", valueName: "0x.."), transform: Address.argument) var owner: Address?
    @OptionGroup var json: JSONOption

    func run() async throws {
        let target = try await chain.connect(configuration)
        guard let address = target.contract else {
            throw Failure(
                .configuration, "no contract is configured; name one with --contract, or run orakey contract deploy")
        }
        let head = try await target.head()
        let code = try await target.client.send(.code(address, .number(head.number)))
        guard !code.isEmpty else {
            throw Failure(.negative, "there is no contract at \(address) on chain \(target.id), block \(head.number)")
        }
        let views = try ReferenceContract.Views(chain: target, address: address, block: head.number)
        let isReference = try await views.isReference()
        let count = isReference ? try await owner.asyncMap { try await views.keyCount($0) } : nil
        let revoker = isReference ? try await owner.asyncMap { try await views.revoker(of: $0) } : nil
        if json.isOn {
            var object: JSONObject = [
                "address": .string(address.checksummed), "chain_id": .integer(target.id),
                "network": target.name.map { .string("\($0)") } ?? .null, "block": .integer(head.number),
                "code_bytes": .integer(code.count), "code_hash": .string(Keccak256.hash(code).hex),
                "reference": .bool(isReference),
            ]
            if let owner, let count, let revoker {
                object["owner"] = .string(owner.checksummed)
                object["key_count"] = .string("\(count)")
                object["revoker"] = revoker.isZero ? .null : .string(revoker.checksummed)
            }
            return Output.json(.object(object))
        }
        Output.fields([
            ("address", address.checksummed), ("chain", "\(target.id)"), ("block", "\(head.number)"),
            ("code", "\(code.count) bytes, \(Keccak256.hash(code))"),
            ("kind", isReference ? "reference contract" : "not the reference contract; see abi: in the configuration"),
            ("owner", owner?.checksummed), ("keys", count.map { "\($0)" }),
            ("revoker", revoker.map { $0.isZero ? "none" : $0.checksummed }),
        ])
    }
}

extension Optional {
    fileprivate func asyncMap<T>(_ transform: (Wrapped) async throws -> T) async rethrows -> T? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
