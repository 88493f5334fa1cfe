import EthereumCore
import EthereumWallet
import OrakeyKey

/// Reads `networks:`.
package enum ReadNetwork {
    /// What later versions will know inside a network.
    private static let later = ["revoker"]
    /// The highest chain id whose legacy signatures fit 64 bits (EIP-2294).
    package static let highestChainID = UInt64.max / 2 - 36
    package static let mostEndpoints = 32
    private static let mostPooled = 1024

    /// All networks, or none after a problem.
    static func all(_ value: Value, wallet: DerivationPath?, shared: Bool) -> [NetworkSection] {
        guard var reader = value.mapping() else { return [] }
        guard !reader.keys.isEmpty else {
            value.report(.missing, "names no network")
            return []
        }
        var networks: [NetworkSection] = []
        for key in reader.keys {
            guard let entry = reader.named(key) else { continue }
            let name: NetworkName
            do {
                name = try NetworkName(key)
            } catch {
                reader.report(.invalid, at: key, "\(error)")
                continue
            }
            let several = reader.keys.count > 1
            guard let network = one(entry, name: name, wallet: wallet, several: several, shared: shared) else {
                continue
            }
            // Two transaction managers on one nonce sequence would fight for ever.
            if let other = networks.first(where: { $0.chainID == network.chainID && $0.path == network.path }) {
                entry.report(.contradiction, "has chain id and account of \(other.name); give each its own account")
            }
            networks.append(network)
        }
        return networks
    }

    private static func one(
        _ value: Value, name: NetworkName, wallet: DerivationPath?, several: Bool, shared: Bool
    ) -> NetworkSection? {
        guard var reader = value.mapping() else { return nil }
        let chainID = reader.required("chain_id", "the chain's EIP-155 number, 8453 for Base")?
            .integer(in: 1...highestChainID)
        let rpc = endpoints(reader.required("rpc", "a list of JSON-RPC endpoints"))
        let path = path(&reader, wallet: wallet, several: several)
        let network = NetworkSection(
            name: name,
            chainID: chainID ?? 0,
            rpc: rpc,
            contract: reader.optional("contract")?.parsed { try Address($0) },
            confirmations: confirmations(reader.optional("confirmations")) ?? .depth(2),
            fees: ReadFees.read(reader.optional("fees")),
            pool: pool(reader.optional("pool")),
            layout: reader.optional("layout")?.word([KeyLayout.text, .binary]) ?? .text,
            signing: reader.optional("signing")?.word([SigningScheme.eip191, .eip191Hex]) ?? .eip191,
            path: path,
            pollInterval: reader.optional("poll_interval")?.duration(in: .milliseconds(50) ... .seconds(600))
                ?? .seconds(2),
            quorum: reader.optional("quorum")?.integer(in: 1...mostEndpoints) ?? 1,
            sharedWallet: reader.optional("shared_wallet")?.boolean() ?? shared,
            lowBalance: reader.optional("low_balance_gwei")?.gwei(in: 1...UInt64(9_000_000_000) * 1_000_000_000),
            abi: reader.optional("abi").flatMap(ReadABI.read))
        if !rpc.isEmpty, network.quorum > rpc.count {
            reader.report(.contradiction, at: "quorum", "asks for more endpoints than the \(rpc.count) under rpc")
        }
        reader.finish(later: later)
        return chainID == nil || rpc.isEmpty ? nil : network
    }

    package static func endpoints(_ value: Value?) -> [EndpointURL] {
        guard let value else { return [] }
        let items = value.list()
        guard !items.isEmpty else {
            if value.isEmptyList { value.report(.missing, "names no endpoint") }
            return []
        }
        guard items.count <= mostEndpoints else {
            value.report(.invalid, "has \(items.count) endpoints; \(mostEndpoints) are the most")
            return []
        }
        var found: [EndpointURL] = []
        for item in items {
            guard let url = item.parsed({ try EndpointURL($0) }) else { continue }
            if found.contains(url) {
                item.report(.duplicate, "the same endpoint stands there already")
            } else {
                found.append(url)
            }
        }
        return found
    }

    package static func confirmations(_ value: Value?) -> Confirmations? {
        switch value?.scalar {
        case nil where value == nil: return nil
        case "safe": return .safe
        case "finalized": return .finalized
        case let text? where value?.plain != nil && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }:
            return value?.integer(in: 1...UInt64(100_000)).map(Confirmations.depth)
        default:
            value?.report(.invalid, "expected a number of blocks, safe or finalized")
            return nil
        }
    }

    private static func pool(_ value: Value?) -> PoolSection {
        guard let value, var reader = value.mapping() else { return PoolSection() }
        let target = reader.optional("target")?.integer(in: 0...mostPooled)
        reader.finish()
        return target.map { PoolSection(target: $0) } ?? PoolSection()
    }

    private static func path(_ reader: inout MappingReader, wallet: DerivationPath?, several: Bool) -> DerivationPath {
        let path = reader.optional("path")?.parsed { try DerivationPath(parsing: $0) }
        let account = reader.optional("account")?.integer(in: 0...UInt32(0x7fff_ffff))
        if reader.has("path"), reader.has("account") {
            reader.report(.contradiction, at: "account", "stands beside path; keep one of them")
        }
        if several, !reader.has("path"), !reader.has("account") {
            reader.value.report(
                .missing,
                "with several networks each needs its own path or account, so that owners do not depend on order")
        }
        // The range of the number was checked above.
        return path ?? account.flatMap { try? DerivationPath.ethereum(account: $0) } ?? wallet ?? .ethereumDefault
    }
}
