import Dispatch
import EthereumCore
import EthereumWallet
import Foundation
import Logging
import OrakeyConfig
import OrakeyKey
import OrakeyStore
import Synchronization
import Testing

@testable import OrakeyCore

/// Calls that are repeated because their reply was lost, on two networks, with trouble or another policy in between.
@Suite struct IdempotencyTests {
    private static let other = must { try NetworkName("OTHER") }
    private static let names = [LedgerFixture.network, other]
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

    /// An agent on two networks, with five keys in the pools of those named, over a journal that fails at a commit of
    /// choice.
    private func withAgent(
        pool: [NetworkName] = names, _ body: (KeyAgent, FailingJournal) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let journal = FailingJournal(try SQLiteJournal(path: folder.path + "/journal.sqlite"))
        for name in Self.names {
            try journal.bind(
                name, owner: wallet.account().address, chainID: 31337, contract: LedgerFixture.contract)
            try journal.commit([.cursor(name, Cursor(block: 9, hash: nil))])
        }
        for name in pool { try fill(journal, name) }
        try await body(try await agent(over: journal), journal)
    }

    private func fill(_ journal: FailingJournal, _ name: NetworkName) throws {
        let (fixture, owner) = (try LedgerFixture(), try wallet.account().address)
        try journal.commit(
            (1...5).map { n in
                var key = KeyRecord(network: name, owner: owner, message: fixture.message(UInt64(n)), state: .pooled)
                key.createdBlock = 1
                return .key(key)
            })
    }

    private func agent(
        over journal: FailingJournal, names: [NetworkName] = names, consumers: [ConsumerSection]? = nil
    ) async throws -> KeyAgent {
        let agent = try KeyAgent(
            journal: journal, profiles: names.map(profile), consumers: consumers ?? names.map(consumer),
            clock: SystemWallClock(), board: HandoutBoard(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await agent.unlock(with: wallet)
        try await agent.unlock(with: wallet)
        return agent
    }

    @Test func aRotationOnTwoNetworksIsDoneOnBothOrNotAtAll() async throws {
        try await withAgent { agent, journal in
            journal.failAt(commit: 1)
            await #expect(throws: AgentError.self) {
                try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            }
            #expect(await agent.consumerStatus().map(\.generation) == [0, 0])
            // Whatever is written after the first commit, the operation is whole with it.
            journal.failAt(commit: 2)
            let repeated = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            #expect(await agent.consumerStatus().map(\.generation) == [1, 1])
            let again = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            #expect(again == repeated && again.fingerprints.count == 2)
            #expect(await agent.consumerStatus().map(\.generation) == [1, 1])
        }
    }

    @Test func aRevocationOnTwoNetworksSparesTheSuccessors() async throws {
        try await withAgent { agent, journal in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: nil)
            journal.failAt(commit: 2)
            let first = try await agent.revoke(.consumer("app"), reason: nil, tag: tag)
            #expect(first.intents.count == 2)
            #expect(await agent.consumerStatus().map(\.generation) == [2, 2], "the second keys live")
            let again = try await agent.revoke(.consumer("app"), reason: nil, tag: tag)
            #expect(again == first)
            #expect(try await agent.keys(after: 0, limit: 99, state: .disabling).count == 2)
        }
    }

    /// The first call found a key on one network; the consumer gets one on the other before the repeat.
    @Test(arguments: [true, false]) func aRepeatedRevocationReachesNoFurtherNetwork(all: Bool) async throws {
        try await withAgent(pool: [LedgerFixture.network]) { agent, journal in
            let target = all ? KeyAgent.RevocationTarget.all : .consumer("app")
            _ = try await agent.rotate(consumer: "app", network: LedgerFixture.network, graceSeconds: 0, tag: nil)
            let first = try await agent.revoke(target, reason: nil, tag: tag)
            let dead = try await agent.keys(after: 0, limit: 99, state: .disabling).count
            try fill(journal, Self.other)
            let restarted = try await self.agent(over: journal)
            _ = try await restarted.rotate(consumer: "app", network: Self.other, graceSeconds: 0, tag: nil)
            #expect(try await restarted.revoke(target, reason: nil, tag: tag) == first)
            #expect(try await restarted.keys(after: 0, limit: 99, state: .disabling).count == dead)
        }
    }

    @Test func aRepeatIsAnsweredWhateverThePolicySaysNow() async throws {
        try await withAgent { agent, journal in
            let (rotation, revocation) = (tag, KeyAgent.IdempotencyTag(key: "twice", request: .zero))
            let rotated = try await agent.rotate(consumer: "app", network: nil, graceSeconds: 0, tag: rotation)
            let revoked = try await agent.revoke(.consumer("app"), reason: nil, tag: revocation)
            // Neither the consumer nor one of the networks is configured any more, and the wallet is locked.
            let changed = try await self.agent(over: journal, names: [LedgerFixture.network], consumers: [])
            await changed.lock()
            #expect(
                try await changed.rotate(consumer: "app", network: nil, graceSeconds: 0, tag: rotation) == rotated)
            #expect(try await changed.revoke(.consumer("app"), reason: nil, tag: revocation) == revoked)
            await expectConflict {
                _ = try await changed.revoke(
                    .consumer("none"), reason: nil,
                    tag: KeyAgent.IdempotencyTag(key: "twice", request: otherTag.request))
            }
        }
    }

    @Test func aKeyThatBeginsAnotherIsNotTheOther() async throws {
        try await withAgent { agent, _ in
            for key in ["once", "once!", "onc"] {
                let tag = KeyAgent.IdempotencyTag(key: key, request: Keccak256.hash(Array(key.utf8)))
                _ = try await agent.rotate(consumer: "app", network: nil, graceSeconds: 0, tag: tag)
            }
            #expect(await agent.consumerStatus().map(\.generation) == [3, 3])
        }
    }

    @Test func aRevocationThatTheJournalCouldNotTakeIsTriedAgainAsItWasMeant() async throws {
        try await withAgent(pool: [LedgerFixture.network]) { agent, journal in
            _ = try await agent.rotate(consumer: "app", network: LedgerFixture.network, graceSeconds: 0, tag: nil)
            let victim = try #require(agent.board.handouts.first).fingerprint.description
            journal.failsAlways(true)
            for _ in 1...2 {
                await #expect(throws: AgentError.self) {
                    try await agent.revoke(.consumer("app"), reason: "leaked", tag: tag)
                }
                await agent.retryWithheld()
                #expect(agent.board.handouts.isEmpty)
                let alarm = try #require(await agent.generalAlarms[LedgerFixture.network]?[.journalFailed])
                #expect(alarm.message.contains("only this process knows of: 1,"))
            }
            await expectConflict { _ = try await agent.revoke(.all, reason: nil, tag: otherTag) }
            journal.failsAlways(false)
            // Another commit may come first; the revocation is on no disk yet, so the alarm stands.
            _ = try await agent.create(network: LedgerFixture.network, count: 1, tag: nil)
            #expect(await agent.generalAlarms[LedgerFixture.network]?[.journalFailed] != nil)
            #expect(agent.board.handouts.isEmpty)
            await agent.retryWithheld()
            #expect(await agent.generalAlarms[LedgerFixture.network]?[.journalFailed] == nil)
            #expect(await agent.withheld.isEmpty)
            let successor = try #require(agent.board.handouts.first).fingerprint.description
            let dead = try await agent.keys(after: 0, limit: 99, state: .disabling)
            #expect(dead.count == 1)
            let repeated = try await agent.revoke(.consumer("app"), reason: "leaked", tag: tag)
            #expect(repeated.fingerprints.contains(victim) && !repeated.fingerprints.contains(successor))
            #expect(agent.board.handouts.map(\.fingerprint.description) == [successor], "the successor lives")
        }
    }

    @Test func aWithheldKeyIsOneOfOneNetwork() async throws {
        try await withAgent { agent, journal in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: nil)
            let message = try #require(agent.board.handouts.first { $0.network == Self.other }).message
            journal.failsAlways(true)
            await #expect(throws: AgentError.self) {
                try await agent.revoke(.message(message), network: LedgerFixture.network, reason: nil, tag: nil)
            }
            journal.failsAlways(false)
            // Something happens on the other network, whose key has the same message.
            _ = try await agent.create(network: Self.other, count: 1, tag: nil)
            #expect(agent.board.handouts.map(\.network) == [Self.other])
            await agent.retryWithheld()
            #expect(Set(agent.board.handouts.map(\.network)) == Set(Self.names))
        }
    }

    @Test func oneThatCannotBeJournaledHoldsUpNoOther() async throws {
        try await withAgent { agent, journal in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: nil)
            journal.refuse(LedgerFixture.network)
            await #expect(throws: AgentError.self) {
                try await agent.revoke(.consumer("app"), network: LedgerFixture.network, reason: nil, tag: nil)
            }
            let revoked = try await agent.revoke(.consumer("app"), network: Self.other, reason: nil, tag: nil)
            #expect(revoked.fingerprints.count == 1)
            #expect(await agent.withheld.map { Set($0.messages.keys) } == [[LedgerFixture.network]])
            #expect(!agent.board.handouts.contains { $0.network == LedgerFixture.network })
        }
    }

    private let otherTag = KeyAgent.IdempotencyTag(key: "once", request: Keccak256.hash([1]))

    private func expectConflict(_ call: () async throws -> Void) async {
        let error = await #expect(throws: AgentError.self) { try await call() }
        #expect(error?.code == .idempotencyConflict)
    }

    @Test func oneKeyForCallsOnTwoNetworksIsRefused() async throws {
        try await withAgent { agent, _ in
            _ = try await agent.create(network: LedgerFixture.network, count: 1, tag: tag)
            await expectConflict { _ = try await agent.create(network: Self.other, count: 1, tag: otherTag) }
            await expectConflict {
                _ = try await agent.rotate(consumer: "app", network: Self.other, graceSeconds: 0, tag: otherTag)
            }
            #expect(try await agent.intents(before: nil, limit: 9).allSatisfy { $0.0.network == LedgerFixture.network })
        }
    }

    @Test func oneKeyForCallsOfTwoKindsIsRefused() async throws {
        try await withAgent { agent, _ in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            await expectConflict { _ = try await agent.create(network: Self.other, count: 1, tag: otherTag) }
            await expectConflict { _ = try await agent.revoke(.all, reason: nil, tag: otherTag) }
            let revoker = try Address(bytes: [UInt8](repeating: 5, count: 20))
            await expectConflict {
                _ = try await agent.setRevoker(network: Self.other, address: revoker, tag: otherTag)
            }
            #expect(try await agent.keys(after: 0, limit: 99, state: .disabling).isEmpty)
        }
    }

    @Test func createsAskedForTogetherShareCommits() async throws {
        try await withAgent { agent, journal in
            let calls = 60
            journal.hold(until: calls)
            let before = journal.commits
            let answers = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for number in 0..<calls {
                    group.addTask {
                        journal.arrive()
                        let tag = KeyAgent.IdempotencyTag(key: "k\(number)", request: .zero)
                        return try await agent.create(network: LedgerFixture.network, count: 1, tag: tag).intents
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.joined()).count == calls, "each has an intent of its own")
            #expect(journal.commits - before < calls / 2, "\(journal.commits - before) commits")
            let repeated = try await agent.create(
                network: LedgerFixture.network, count: 1,
                tag: KeyAgent.IdempotencyTag(key: "k7", request: .zero))
            #expect(answers.contains(repeated.intents))
        }
    }

    @Test func theSameCreateTwiceAtOnceIsDoneOnce() async throws {
        try await withAgent { agent, journal in
            let (tag, otherTag) = (tag, otherTag)
            journal.hold(until: 12)
            let answers = await withTaskGroup(of: Result<[Int64], any Error>.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        journal.arrive()
                        do {
                            return .success(
                                try await agent.create(
                                    network: LedgerFixture.network, count: 1, tag: number < 10 ? tag : otherTag
                                ).intents)
                        } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let intents = answers.compactMap { try? $0.get() }
            #expect(Set(intents).count == 1)
            #expect(intents.count == 10 || intents.count == 2, "whichever request was first is the one that counts")
        }
    }

    @Test func anotherCallUnderTheSameKeyIsRefused() async throws {
        try await withAgent { agent, _ in
            _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: tag)
            await expectConflict {
                _ = try await agent.rotate(consumer: nil, network: nil, graceSeconds: 0, tag: otherTag)
            }
        }
    }
}

/// A journal whose n-th commit from now fails, as on a full disk.
final class FailingJournal: Journal {
    private struct Full: Error {}
    private let base: SQLiteJournal
    private let countdown = Mutex(0)
    private let count = Mutex(0)
    private let refused = Mutex<NetworkName?>(nil)
    private let gate = Mutex<(semaphore: DispatchSemaphore, missing: Int)?>(nil)

    init(_ base: SQLiteJournal) { self.base = base }

    var commits: Int { count.withLock { $0 } }

    /// Commits wait until so many calls have come.
    func hold(until calls: Int) { gate.withLock { $0 = (DispatchSemaphore(value: 0), calls) } }

    func arrive() {
        gate.withLock { gate in
            gate?.missing -= 1
            if gate?.missing == 0 { gate?.semaphore.signal() }
        }
    }

    private func waitForCalls() {
        let semaphore = gate.withLock { $0?.semaphore }
        // On a machine with one core the calls can't come while a commit waits for them.
        if semaphore?.wait(timeout: .now() + 10) != nil { gate.withLock { $0 = nil } }
    }

    /// From now on no commit succeeds, or every one does.
    func failsAlways(_ fails: Bool) { countdown.withLock { $0 = fails ? .max : 0 } }

    /// From now on no key of this network can be saved.
    func refuse(_ network: NetworkName) { refused.withLock { $0 = network } }

    func failAt(commit number: Int) { countdown.withLock { $0 = number } }

    func commit(_ changes: [Change]) throws {
        let fails = countdown.withLock { left in
            if left == .max { return true }
            left -= 1
            return left == 0
        }
        let isRefused = refused.withLock { network in
            changes.contains { if case .key(let key) = $0 { key.network == network } else { false } }
        }
        if fails || isRefused { throw Full() }
        waitForCalls()
        count.withLock { $0 += 1 }
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
    func replies(to key: String) throws -> [IdempotentReply] { try base.replies(to: key) }
    func keys(after cursor: Int64, limit: Int, state: KeyState?) throws -> [(cursor: Int64, key: KeyRecord)] {
        try base.keys(after: cursor, limit: limit, state: state)
    }
    func unidentified(_ network: NetworkName, limit: Int) throws -> [KeyRecord] {
        try base.unidentified(network, limit: limit)
    }
    func unprovenDisables(_ network: NetworkName, limit: Int) throws -> [KeyRecord] {
        try base.unprovenDisables(network, limit: limit)
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
