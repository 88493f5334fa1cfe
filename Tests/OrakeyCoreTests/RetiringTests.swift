import EthereumCore
import OrakeyConfig
import Testing

@testable import OrakeyCore

/// Retiring keys: the disable at the end of their grace, and what may come before it.
@Suite struct RetiringTests {
    /// A key whose grace is running, and the intent of its disable.
    private func retiring() throws -> (chain: LedgerFixture, key: Bytes32, disable: Int64) {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app")).message
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = try #require(chain.ledger.rotate("app", grace: 600, at: chain.now).intents.first)
        chain.commit()
        chain.mine(try chain.send())
        chain.mineEmpty(2)
        chain.look()
        return (chain, old, id)
    }

    private func openDisables(_ chain: LedgerFixture, of key: Bytes32) -> [Int64] {
        chain.ledger.intents.values.filter { $0.kind == .disable && !$0.state.isFinal && $0.messages.contains(key) }
            .map(\.id)
    }

    @Test func revokedItHasOneDisableAndNothingStaysPlanned() throws {
        var (chain, key, id) = try retiring()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        #expect(chain.ledger.revoke([key], reason: "leaked", at: chain.now).intents == [id])
        chain.commit()
        #expect(openDisables(chain, of: key) == [id])
        let sent = try chain.send()
        #expect(sent.filter { $0.intents.contains(id) }.count == 1)
        chain.mine(sent)
        chain.mineEmpty(2)
        chain.look()
        chain.now = chain.now.adding(seconds: 700)
        chain.look()
        #expect(chain.ledger.keys[key]?.state == .disabled)
        #expect(openDisables(chain, of: key).isEmpty && chain.ledger.dueWork(at: chain.now).isEmpty)
        let disables = chain.committed.compactMap { change -> Int64? in
            if case .intent(let intent) = change, intent.messages.contains(key), intent.kind == .disable {
                return intent.id
            }
            return nil
        }
        #expect(Set(disables) == [id])
    }

    @Test func disabledElsewhereItsPlannedDisableEndsWithThat() throws {
        var (chain, key, id) = try retiring()
        chain.mineForeign(.disabled, key)
        chain.look()
        #expect(openDisables(chain, of: key) == [id], "a reorg may give it back")
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[key]?.state == .disabled)
        #expect(openDisables(chain, of: key).isEmpty, "not only when its grace is over")
        let ended = chain.committed.contains { change in
            if case .intent(let intent) = change { intent.id == id && intent.state == .confirmed } else { false }
        }
        #expect(ended)
        #expect(chain.ledger.keys[key]?.disabledBlock != nil)
    }

    // MARK: - The schedule

    @Test func keysThatWereHandedOutTogetherAreNotRotatedTogether() throws {
        let chain = try LedgerFixture()
        let period: Int64 = 86_400
        let due = (1...50).map { (number: UInt64) -> Int64 in
            var key = KeyRecord(
                network: LedgerFixture.network, owner: LedgerFixture.owner, message: chain.message(number),
                state: .current)
            key.assignedAt = chain.now
            return key.rotationDue(every: period)?.seconds(since: chain.now) ?? 0
        }
        #expect(due.allSatisfy { $0 > period * 9 / 10 && $0 <= period }, "early by a tenth at most, never late")
        #expect(Set(due).count > 40)
        let (first, last) = (due.min() ?? 0, due.max() ?? 0)
        #expect(last - first > period / 20, "spread over the tenth, not only by a few seconds")
    }

    @Test func consumersOnOneScheduleRotateOneByOne() throws {
        var chain = try LedgerFixture(
            pool: 0, consumers: ["a", "b", "c", "d", "e", "f"], rotateEvery: .seconds(100_000))
        try chain.fill()
        var rotated: [Int] = []
        for _ in 0..<100 {
            chain.now = chain.now.adding(seconds: 1_000)
            chain.ledger.begin(after: chain.ledger.lastIdentifier)
            chain.ledger.decide(at: chain.now)
            chain.commit()
            rotated.append(chain.ledger.consumers.values.count { $0.pendingRotation != nil })
        }
        #expect(rotated.last == 6)
        #expect(Set(rotated).count > 3, "\(rotated)")
    }

    // MARK: - Consumers that are removed

    @Test func aConsumerRemovedBeforeARestartKeepsItsGrace() throws {
        var chain = try LedgerFixture(pool: 0, consumers: ["app", "gone"])
        let long = ConsumerSection(
            name: "gone", network: LedgerFixture.network, match: PeerMatch(users: [0]), grace: .seconds(7_200))
        let app = try #require(chain.ledger.consumerSettings["app"])
        chain.ledger.reconfigure(chain.ledger.settings, consumers: [app, long])
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "gone")).message
        // What the journal has of it, read by a run whose configuration does not name the consumer.
        var restarted = NetworkLedger(
            settings: chain.ledger.settings, consumers: [app],
            restoring: NetworkSnapshot(
                keys: Array(chain.ledger.keys.values), consumers: latestConsumers(chain.committed),
                cursor: chain.ledger.cursor, highestMessage: chain.ledger.highestMessage))
        restarted.begin(after: chain.ledger.lastIdentifier)
        restarted.decide(at: chain.now)
        #expect(restarted.keys[old]?.state == .retiring)
        #expect(restarted.keys[old]?.notAfter == chain.now.adding(seconds: 7_200))
    }

    private func latestConsumers(_ changes: [Change]) -> [ConsumerRecord] {
        var found: [String: ConsumerRecord] = [:]
        for case .consumer(let consumer) in changes { found[consumer.name] = consumer }
        return Array(found.values)
    }
}
