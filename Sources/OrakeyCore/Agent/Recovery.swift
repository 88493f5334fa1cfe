import EthereumCore
import EthereumRPC
public import EthereumWallet
import OrakeyContract
import OrakeyKey

/// Rebuilds the journal of one network from wallet and chain alone.
///
/// Everything that the contract holds for the owner comes back as `recovered` or `disabled`, the same keys byte for
/// byte. What the chain does not know stays lost: which consumer had which key, and why one was revoked.
public struct Recovery: Sendable {
    /// What was found.
    public struct Summary: Sendable, Equatable {
        public let block: UInt64
        public let active: Int
        public let disabled: Int
    }

    let journal: any Journal
    let profile: NetworkProfile
    let account: Account

    /// - Parameter profile: the network; its owner must be the account's address.
    public init(journal: any Journal, profile: NetworkProfile, account: Account) {
        self.journal = journal
        self.profile = profile
        self.account = account
    }

    /// Reads the settled state of the contract and writes it to the journal, which must not know the network yet.
    public func run(_ reader: ChainReader) async throws -> Summary {
        guard try journal.owner(of: profile.name) == nil else {
            throw AgentError(
                .conflict, "the journal knows \(profile.name) already", hint: "recover into an empty state directory")
        }
        let head = try await reader.head()
        guard let settled = try await reader.settledBlock(below: head) else { throw ChainReadError.noBlock }
        let baseline = try await reader.baseline(at: settled)
        try journal.bind(
            profile.name, owner: profile.owner, chainID: profile.chainID, contract: profile.contract.address)
        let empty = try journal.restore(profile.name, owner: profile.owner)
        var ledger = NetworkLedger(settings: profile, consumers: [], restoring: empty)
        ledger.adopt(baseline, below: SeenHead(head))
        try journal.commit(ledger.changes)
        try identify()
        let active = baseline.keys.count { $0.isActive }
        return Summary(block: settled.number, active: active, disabled: baseline.keys.count - active)
    }

    private func identify() throws {
        while true {
            var unknown = try journal.unidentified(profile.name, limit: 10_000)
            guard !unknown.isEmpty else { return }
            for index in unknown.indices {
                unknown[index].fingerprint = Fingerprint(
                    of: try APIKey.derive(
                        account: account, network: profile.name, message: unknown[index].message,
                        layout: profile.layout,
                        scheme: profile.scheme))
            }
            try journal.commit(unknown.map { .key($0) })
        }
    }
}
