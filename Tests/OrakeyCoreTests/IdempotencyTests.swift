import EthereumCore
import EthereumWallet
import Foundation
import Logging
import OrakeyConfig
import OrakeyCore
import OrakeyKey
import OrakeyStore
import Synchronization
import Testing

/// Calls that are repeated because their reply was lost: on two networks, with the end between the two commits.
@Suite struct IdempotencyTests {
    private static let other = must { try NetworkName("OTHER") }
    private let tag = KeyAgent.IdempotencyTag(key: "once", request: .zero)
    /// A wallet of the well-known private key 1.
    private let wallet = must {
        try UnlockedWallet(.privateKey(SecretBytes(copying: [UInt8](repeating: 0, count: 31) + [1])))
    }

    private func profile(_ name: NetworkName) throws -> NetworkProfile {
        var profile = try LedgerFixture().ledger.settings
        profile.name = name
        return profile
    }

    private func consumer(_ network: NetworkName) -> ConsumerSection {
        ConsumerSection(
            name: "app", network: network, match: PeerMatch(users: [0]), rotateEvery: nil, grace: .seconds(600))
    }

    /// An agent on two networks, each with five keys in the pool, over a journal that fails at a commit of choice.
    private func withAgent(_ body: (KeyAgent, FailingJournal) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let stored = try SQLiteJournal(path: folder.path + "/journal.sqlite")
        let names = [LedgerFixture.network, Self.other]
        let owner = try wallet.account().address
        for name in names {
            try stored.bind(name, owner: owner, chainID: 31337, contract: LedgerFixture.contract)
            let fixture = try LedgerFixture()
            try stored.commit(
                (1...5).map { n in
                    var key = KeyRecord(
                        network: name, owner: owner, message: fixture.message(UInt64(n)), state: .pooled)
                    key.createdBlock = 1
                    return .key(key)
                } + [.cursor(name, Cursor(block: 9, hash: nil))])
        }
        let journal = FailingJournal(stored)
        let agent = try KeyAgent(
            journal: journal, profiles: names.map(profile), consumers: names.map(consumer), clock: SystemWallClock(),
            board: HandoutBoard(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await agent.unlock(with: wallet)
        try await agent.unlock(with: wallet)
        try await body(agent, journal)
    }

    @Test func aRotationOnTwoNetworksIsDoneOnceOnEach() async throws {
        try await withAgent { agent, journal in
            journal.failAt(commit: 2)
            await #expect(throws: AgentError.self) {
                try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            }
            let halfway = await agent.consumerStatus().map(\.generation)
            #expect(halfway.sorted() == [0, 1])
            let repeated = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            let generations = await agent.consumerStatus().map(\.generation)
            #expect(generations == [1, 1])
            let again = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            #expect(again == repeated)
            #expect(await agent.consumerStatus().map(\.generation) == [1, 1])
        }
    }

    @Test func aRevocationOnTwoNetworksSparesTheSuccessors() async throws {
        try await withAgent { agent, journal in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: nil)
            journal.failAt(commit: 2)
            await #expect(throws: AgentError.self) {
                try await agent.revoke(.consumer("app"), reason: nil, tag: tag)
            }
            let repeated = try await agent.revoke(.consumer("app"), reason: nil, tag: tag)
            #expect(repeated.intents.count == 2)
            #expect(await agent.consumerStatus().map(\.generation) == [2, 2], "the second keys live")
            let again = try await agent.revoke(.consumer("app"), reason: nil, tag: tag)
            #expect(again == repeated)
        }
    }

    @Test func anotherCallUnderTheSameKeyIsRefused() async throws {
        try await withAgent { agent, _ in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            let other = KeyAgent.IdempotencyTag(key: tag.key, request: Keccak256.hash([1]))
            await #expect(throws: AgentError.self) {
                try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: other)
            }
        }
    }
}

/// A journal whose n-th commit from now fails, as on a full disk.
final class FailingJournal: Journal {
    private struct Full: Error {}
    private let base: SQLiteJournal
    private let countdown = Mutex(0)

    init(_ base: SQLiteJournal) { self.base = base }

    func failAt(commit number: Int) { countdown.withLock { $0 = number } }

    func commit(_ changes: [Change]) throws {
        let fails = countdown.withLock { left in
            left -= 1
            return left == 0
        }
        if fails { throw Full() }
        try base.commit(changes)
    }

    func owner(of network: NetworkName) throws -> Address? { try base.owner(of: network) }
    func bind(_ network: NetworkName, owner: Address, chainID: UInt64, contract: Address) throws {
        try base.bind(network, owner: owner, chainID: chainID, contract: contract)
    }
    func restore(_ network: NetworkName, owner: Address) throws -> NetworkSnapshot {
        try base.restore(network, owner: owner)
    }
    func alarms(of network: NetworkName) throws -> [Alarm] { try base.alarms(of: network) }
    func lastIdentifier() throws -> Int64 { try base.lastIdentifier() }
    func reply(to key: String) throws -> IdempotentReply? { try base.reply(to: key) }
    func keys(after cursor: Int64, limit: Int, state: KeyState?) throws -> [(cursor: Int64, key: KeyRecord)] {
        try base.keys(after: cursor, limit: limit, state: state)
    }
    func unidentified(_ network: NetworkName, limit: Int) throws -> [KeyRecord] {
        try base.unidentified(network, limit: limit)
    }
    func keys(_ network: NetworkName, in state: KeyState) throws -> [KeyRecord] { try base.keys(network, in: state) }
    func keyCounts() throws -> [KeyCount] { try base.keyCounts() }
    func intentCounts() throws -> [IntentCount] { try base.intentCounts() }
    func keys(fingerprint: Fingerprint) throws -> [KeyRecord] { try base.keys(fingerprint: fingerprint) }
    func keys(message: Bytes32) throws -> [KeyRecord] { try base.keys(message: message) }
    func revocations(of network: NetworkName, by revoker: Address) throws -> RevocationHistory {
        try base.revocations(of: network, by: revoker)
    }
    func auditHead() throws -> AuditHead? { try base.auditHead() }
    func auditEntries(after sequence: Int64, limit: Int) throws -> [AuditEntry] {
        try base.auditEntries(after: sequence, limit: limit)
    }
    func auditEntries(before sequence: Int64?, limit: Int) throws -> [AuditEntry] {
        try base.auditEntries(before: sequence, limit: limit)
    }
    func intent(_ id: Int64) throws -> (Intent, TransactionSlot?)? { try base.intent(id) }
    func intents(before id: Int64?, limit: Int) throws -> [(Intent, TransactionSlot?)] {
        try base.intents(before: id, limit: limit)
    }
}
