import EthereumCore
import OrakeyKey

/// Keys that live in the journal only: recovered ones, and those that died long ago.
extension KeyAgent {
    /// Fingerprints computed in one go; a thousand take about 25 ms.
    static let identifiedAtOnce = 10_000

    /// Takes these keys into the ledger's memory where the journal has them; the next step forgets them again unless
    /// something happened to them.
    func load(_ messages: [Bytes32], on network: NetworkName) throws {
        guard let ledger = ledgers[network] else { return }
        for message in messages where ledger.keys[message] == nil {
            let found: [KeyRecord]
            do { found = try journal.keys(message: message) } catch { throw AgentError.journal(error) }
            for key in found where key.network == network { ledgers[network]?.load(key) }
        }
    }

    /// Takes all recovered keys of a network into memory.
    func loadRecovered(on network: NetworkName) throws {
        let found: [KeyRecord]
        do { found = try journal.keys(network, in: .recovered) } catch { throw AgentError.journal(error) }
        for key in found { ledgers[network]?.load(key) }
    }

    /// Computes fingerprints of stored keys that have none yet, as many as do not keep others waiting. Keys beyond that
    /// number get theirs when they are listed or named by message.
    func identifyStored(_ network: NetworkName) throws {
        guard let account = accounts[network], let profile = ledgers[network]?.settings else { return }
        do {
            var unknown = try journal.unidentified(network, limit: Self.identifiedAtOnce)
            for index in unknown.indices {
                unknown[index].fingerprint = Fingerprint(of: try derive(unknown[index].message, account, profile))
            }
            if !unknown.isEmpty { try journal.commit(unknown.map { .key($0) }) }
        } catch { throw AgentError.journal(error) }
    }

    /// A key as it is listed: with its fingerprint, if the wallet can tell.
    func identified(_ key: KeyRecord) -> KeyRecord {
        guard key.fingerprint == nil, key.state != .orphaned, let account = accounts[key.network],
            let profile = ledgers[key.network]?.settings, let secret = try? derive(key.message, account, profile)
        else { return key }
        var key = key
        key.fingerprint = Fingerprint(of: secret)
        return key
    }
}
