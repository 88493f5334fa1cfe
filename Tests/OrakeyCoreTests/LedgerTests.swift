import EthereumCore
import OrakeyConfig
import OrakeyCore
import Testing

@Suite struct LedgerTests {
    @Test func poolFillsInOneTransactionAndConsumersGetTheirFirstKey() throws {
        var chain = try LedgerFixture(pool: 3, consumers: ["app", "batch"])
        chain.look()
        let sent = try chain.send()
        #expect(sent.count == 1)
        #expect(chain.ledger.intents[sent[0].intents[0]]?.payload == .create(count: 5))
        chain.mine(sent)
        chain.look()
        #expect(chain.keys(in: .pending).count == 5, "a key in the head block is not settled at depth 2")
        #expect(chain.keys(in: .current).isEmpty)
        chain.mineEmpty()
        chain.look()
        #expect(chain.keys(in: .current).map(\.consumer) == ["app", "batch"])
        #expect(chain.keys(in: .pooled).count == 3)
        #expect(chain.ledger.intents.values.allSatisfy { $0.state == .confirmed })
        let idle = try chain.send()
        #expect(idle.isEmpty, "a full pool asks for nothing")
    }

    @Test func nothingIsPlannedTwiceWhileACreateIsUnderWay() throws {
        var chain = try LedgerFixture(pool: 2)
        chain.look()
        let sent = try chain.send()
        chain.mineEmpty()
        chain.look()
        chain.mineEmpty()
        chain.look()
        let meanwhile = try chain.send()
        #expect(meanwhile.isEmpty)
        chain.mine(sent)
        chain.look()
        let afterwards = try chain.send()
        #expect(afterwards.isEmpty)
    }

    @Test func rotationHandsOutTheNextKeyAtOnceAndDisablesTheOldAfterItsGrace() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let outcome = chain.ledger.rotate("app", grace: 100, at: chain.now)
        chain.commit()
        let new = try #require(chain.ledger.currentKey(of: "app"))
        #expect(outcome.messages == [new.message])
        #expect(new.generation == 2)
        #expect(chain.ledger.keys[old.message]?.state == .retiring)
        #expect(outcome.intents.count == 1)
        let refill = try chain.send()
        #expect(refill.count == 1, "only the refill is due, not the disable")
        chain.now = chain.now.adding(seconds: 101)
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.keys[old.message]?.state == .disabling)
        let disable = try chain.send()
        #expect(disable.count == 1)
        chain.mine(refill + disable)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[old.message]?.state == .disabled)
        #expect(chain.ledger.intents[outcome.intents[0]]?.state == .confirmed)
    }

    @Test func rotationWithoutAPoolWaitsForAKeyAndKeepsTheOldOneMeanwhile() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let outcome = chain.ledger.rotate("app", grace: 0, at: chain.now)
        chain.commit()
        #expect(outcome.messages.isEmpty)
        #expect(outcome.intents.count == 1)
        #expect(chain.ledger.currentKey(of: "app") == old)
        chain.mine(try chain.send())
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.generation == 2)
        #expect(chain.ledger.keys[old.message]?.state != .current)
    }

    @Test func revocationEndsCirculationAndIsUrgent() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let outcome = chain.ledger.revoke([old.message], reason: "leaked", at: chain.now)
        chain.commit()
        #expect(chain.ledger.keys[old.message]?.state == .disabling)
        #expect(chain.ledger.keys[old.message]?.reason == "leaked")
        #expect(chain.ledger.currentKey(of: "app")?.generation == 2, "the pool serves the consumer at once")
        #expect(outcome.intents.count == 1)
        let sent = try chain.send()
        #expect(sent[0].isUrgent, "the disable goes first")
        let again = chain.ledger.revoke([old.message], reason: nil, at: chain.now)
        #expect(again.intents == outcome.intents, "a repeat finds the intent under way")
    }

    @Test func revokingARetiringKeyHastensItsDisable() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.rotate("app", grace: 10_000, at: chain.now)
        let outcome = chain.ledger.revoke([old.message], reason: nil, at: chain.now)
        chain.commit()
        let due = chain.ledger.dueWork(at: chain.now)
        let signed = due.compactMap { if case .sign(let intents) = $0 { intents.map(\.id) } else { nil } }.flatMap {
            $0
        }
        #expect(!outcome.intents.isEmpty)
        #expect(outcome.intents.contains { signed.contains($0) })
    }

    /// No block takes an urgent disable before the create below it.
    @Test func aCreateInTheWayOfARevocationHurriesOnceABlockHasPassedItOver() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.create(count: 5, at: chain.now)
        chain.commit()
        let create = try #require(try chain.send().first)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.revoke([key.message], reason: nil, at: chain.now)
        chain.commit()
        let disable = try #require(try chain.send().first { $0.isUrgent })
        #expect(disable.nonce > create.nonce)
        #expect(!chain.replaced.contains(create.id), "it has had no chance yet")
        chain.mineEmpty()
        chain.look()
        #expect(chain.replaced.contains(create.id))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let better = chain.attempt(create.nonce, true, salt: 3, for: create.intents)
        _ = chain.ledger.replace(create.id, with: better, callData: create.callData)
        chain.ledger.sent(create.id, better.hash, at: chain.now)
        chain.commit()
        chain.mineEmpty()
        chain.look()
        #expect(!chain.replaced.contains(create.id), "until it is overdue again")
    }

    @Test func disablesDueTogetherGoOutTogether() throws {
        var chain = try LedgerFixture(pool: 3, consumers: ["a", "b", "c"])
        try chain.fill()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        for name in ["a", "b", "c"] { _ = chain.ledger.rotate(name, grace: 0, at: chain.now) }
        chain.commit()
        let slots = try chain.send()
        let disables = slots.filter { slot in slot.intents.contains { chain.ledger.intents[$0]?.kind == .disable } }
        #expect(disables.count == 1)
        #expect(disables.first?.intents.count == 3)
    }

    @Test func aReorgedCreateOrphansItsKeysAndIsSentAgain() throws {
        var chain = try LedgerFixture(pool: 2)
        chain.look()
        let sent = try chain.send()
        chain.mine(sent)
        chain.look()
        #expect(chain.keys(in: .pending).count == 3)
        chain.reorg(1)
        chain.look()
        #expect(chain.keys(in: .pending).isEmpty)
        #expect(chain.keys(in: .orphaned).count == 3)
        let slot = try #require(chain.ledger.slots[sent[0].id])
        #expect(slot.state == .broadcast, "the same bytes stay good")
        #expect(chain.ledger.intents[slot.intents[0]]?.state == .broadcast)
        chain.mine([slot])
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.keys(in: .orphaned).isEmpty)
        #expect(chain.keys(in: .current).count == 1)
        #expect(chain.keys(in: .pooled).count == 2)
    }

    @Test func aDeepReorgTakesAKeyBackFromItsConsumer() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        #expect(chain.ledger.currentKey(of: "app") != nil)
        chain.reorg(3)
        chain.look(deepReorg: true)
        #expect(chain.ledger.currentKey(of: "app") == nil)
        #expect(chain.ledger.alarms[.deepReorg] != nil)
        #expect(chain.ledger.slots.values.contains { $0.state == .broadcast }, "the create is under way again")
    }

    @Test func aKeyDisabledElsewhereStopsAtFirstSight() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.mineForeign(.disabled, key.message)
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.message != key.message)
        #expect(chain.ledger.keys[key.message]?.state == .disabling)
        #expect(chain.ledger.alarms[.foreignDisable] != nil)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[key.message]?.state == .disabled)
    }

    @Test(arguments: [true, false]) func aKeyCreatedElsewhereIsNeverHandedOut(shared: Bool) throws {
        var chain = try LedgerFixture(pool: 0, shared: shared)
        try chain.fill()
        chain.mineForeign(.created, chain.message(2))
        chain.mineEmpty(3)
        chain.look()
        #expect(chain.ledger.keys[chain.message(2)]?.state == .foreign)
        #expect((chain.ledger.alarms[.foreignCreate] != nil) == !shared)
        #expect(chain.ledger.pool.isEmpty)
    }

    @Test func anIntentMovesToAnotherNonceOnlyWhenTheOldOneIsGoneForGood() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let sent = try chain.send()
        chain.nonce = 1
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.slots[sent[0].id]?.state == .broadcast, "not settled yet")
        chain.foreignNonces = 1
        for _ in 0..<2 {
            chain.mineEmpty()
            chain.look()
        }
        #expect(chain.ledger.slots[sent[0].id]?.state == .broadcast, "one endpoint may lag")
        chain.mineEmpty()
        chain.look()
        let intent = try #require(chain.ledger.intents[sent[0].intents[0]])
        #expect(intent.state == .planned)
        #expect(intent.nonce == nil)
        #expect(chain.ledger.alarms[.foreignTransaction] != nil)
        let again = try chain.send()
        #expect(again.first?.nonce == 1)
        #expect(again.first?.intents == sent[0].intents)
    }

    @Test func aRevertedCreateFailsAndIsNotRepeatedAtOnce() throws {
        var chain = try LedgerFixture(pool: 1)
        chain.look()
        let sent = try chain.send()
        chain.mine(sent, succeeded: false)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.intents[sent[0].intents[0]]?.state == .failed)
        #expect(chain.ledger.alarms[.contractReverts] != nil)
        let atOnce = try chain.send()
        #expect(atOnce.isEmpty)
        chain.now = chain.now.adding(seconds: 3600)
        chain.mineEmpty()
        chain.look()
        let later = try chain.send()
        #expect(later.count == 1)
    }

    /// Two disables in one transaction, and somebody else is faster with one of them: the contract reverts both. The one
    /// has reached its goal, the other goes out again; nothing has failed.
    @Test(arguments: [false, true]) func aDisableThatSomebodyElseOvertakes(isSeenBefore: Bool) throws {
        var chain = try LedgerFixture(pool: 2, shared: true)
        try chain.fill()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let pooled = chain.keys(in: .pooled).map(\.message)
        let ids = pooled.flatMap { chain.ledger.revoke([$0], reason: nil, at: chain.now).intents }
        chain.commit()
        let sent = try chain.send().filter { !Set($0.intents).isDisjoint(with: ids) }
        #expect(sent.count == 1 && sent[0].intents == ids)
        chain.mineForeign(.disabled, pooled[0])
        if isSeenBefore { chain.look() }
        chain.mine(sent, succeeded: false)
        if isSeenBefore { chain.look() }
        chain.mineEmpty(2)
        chain.look()
        let (first, second) = (chain.ledger.intents[ids[0]], try #require(chain.ledger.intents[ids[1]]))
        #expect(first?.state ?? .confirmed == .confirmed && second.state == .planned)
        #expect(chain.ledger.alarms.isEmpty)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let again = try #require(try chain.send().first { $0.intents.contains(second.id) })
        #expect(again.intents == [second.id] && again.nonce > sent[0].nonce)
        chain.mine([again])
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys.values.allSatisfy { !pooled.contains($0.message) || $0.state == .disabled })
        #expect(chain.ledger.intents.values.allSatisfy { $0.state != .failed })
    }

    @Test func aMessageThatDoesNotGrowIsNeverUsed() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        chain.mineForeign(.created, chain.message(5))
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.highestMessage == chain.message(5))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.create(count: 1, at: chain.now)
        chain.commit()
        chain.mine(try chain.send())
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.alarms[.badMessage] != nil)
        #expect(chain.ledger.pool.isEmpty)
    }

    @Test func keysThatWereThereBeforeAreRecoveredAndNotHandedOut() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.ledger = NetworkLedger(
            settings: chain.ledger.settings, consumers: Array(chain.ledger.consumerSettings.values),
            restoring: NetworkSnapshot())
        chain.ledger.adopt(
            Baseline(
                block: BlockReference(number: 9, hash: .zero, timestamp: 0),
                keys: [(chain.message(1), true), (chain.message(2), false)]),
            below: SeenHead(number: 10, timestamp: 0))
        chain.commit()
        guard
            case .recovered(let recovered)? = chain.committed.reversed().first(where: { change in
                if case .recovered = change { true } else { false }
            })
        else { return #expect(Bool(false), "the keys go to the journal") }
        #expect(recovered.keys.map(\.message) == [chain.message(1), chain.message(2)])
        #expect(chain.ledger.keys.isEmpty, "a million of them must not fill the memory")
        chain.look()
        #expect(chain.ledger.currentKey(of: "app") == nil)
        #expect(chain.ledger.alarms.isEmpty)
    }

    @Test func scheduledRotationComesWithItsTime() throws {
        var chain = try LedgerFixture(pool: 1, rotateEvery: .seconds(3600))
        try chain.fill()
        let first = chain.ledger.currentKey(of: "app")?.message
        chain.now = chain.now.adding(seconds: 3200)
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.message == first)
        chain.now = chain.now.adding(seconds: 700)
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.message != first)
    }

    @Test func theScheduleWaitsWhileTheWalletIsLocked() throws {
        var chain = try LedgerFixture(pool: 1, rotateEvery: .seconds(3600))
        try chain.fill()
        let first = chain.ledger.currentKey(of: "app")?.message
        chain.ledger.isLocked = true
        chain.now = chain.now.adding(seconds: 7200)
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.message == first)
        chain.ledger.isLocked = false
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.currentKey(of: "app")?.message != first)
    }

    @Test func aConsumerThatIsConfiguredNoLongerLosesItsKeyAfterTheGrace() throws {
        var chain = try LedgerFixture(pool: 0, consumers: ["app", "gone"])
        try chain.fill()
        let kept = try #require(chain.ledger.currentKey(of: "app")).message
        let old = try #require(chain.ledger.currentKey(of: "gone")).message
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let app = ConsumerSection(
            name: "app", network: LedgerFixture.network, match: PeerMatch(users: [0]), grace: .seconds(600))
        chain.ledger.reconfigure(chain.ledger.settings, consumers: [app])
        chain.ledger.decide(at: chain.now)
        chain.commit()
        #expect(chain.ledger.keys[old]?.state == .retiring)
        #expect(chain.ledger.keys[old]?.notAfter == chain.now.adding(seconds: 600))
        #expect(chain.ledger.currentKey(of: "app")?.message == kept)
        #expect(try chain.send().isEmpty)
        chain.now = chain.now.adding(seconds: 600)
        chain.look()
        chain.mine(try chain.send())
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[old]?.state == .disabled)
        #expect(chain.ledger.keys[kept]?.state == .current)
    }

    @Test func theAlarmForFundsEndsWhenNothingIsLeftToPayFor() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let id = try #require(chain.ledger.openCreates.first).id
        chain.ledger.cannotPay([id], needed: 5, at: chain.now)
        chain.look()
        #expect(chain.ledger.alarms[.insufficientFunds] != nil)
        try chain.ledger.cancel(id, at: chain.now)
        chain.ledger.reconfigure(chain.ledger.settings, consumers: [])
        chain.look()
        #expect(chain.ledger.alarms[.insufficientFunds] == nil)
    }

    @Test func aMessageThatChangesHandsIsRecalled() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.reorg(3)
        chain.mineForeign(.created, key.message)
        chain.mineEmpty(2)
        chain.look(deepReorg: true)
        #expect(chain.ledger.keys[key.message]?.state == .foreign)
        #expect(chain.ledger.currentKey(of: "app") == nil)
        #expect(chain.ledger.alarms[.foreignCreate] != nil)
    }

    @Test func aKeyRevokedBeforeItExistedDiesWhenItIsCreated() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        let future = chain.message(2)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.revoke([future], reason: "leaked", at: chain.now)
        chain.ledger.foundDead([future], at: chain.now)
        chain.commit()
        #expect(chain.ledger.keys[future]?.state == .disabled)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.create(count: 1, at: chain.now)
        chain.commit()
        chain.mine(try chain.send().filter { chain.ledger.intents[$0.intents[0]]?.kind == .create })
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[future]?.state == .disabling)
        #expect(chain.ledger.pool.isEmpty)
        #expect(
            chain.ledger.intents.values.contains { $0.kind == .disable && $0.messages == [future] && !$0.state.isFinal }
        )
    }
}
