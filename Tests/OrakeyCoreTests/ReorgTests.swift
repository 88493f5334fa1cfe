import EthereumCore
import OrakeyConfig
import OrakeyCore
import Testing

/// What the chain takes back, and what comes of it.
@Suite struct ReorgTests {
    @Test func keysOfASettledCreateAreUsedAgainAfterADeepReorgMinedThemAgain() throws {
        var chain = try LedgerFixture(pool: 2)
        chain.look()
        let slots = try chain.send()
        chain.mine(slots)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.keys(in: .pooled).count == 2)
        chain.reorg(3)
        chain.look(deepReorg: true)
        #expect(chain.keys(in: .orphaned).count == 3)
        let again = try #require(chain.ledger.slots[slots[0].id])
        chain.mine([again])
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.alarms[.badMessage] == nil)
        // The consumer has the second key now; the first was in its hands before.
        #expect(chain.ledger.currentKey(of: "app")?.message == chain.message(2))
        #expect(chain.keys(in: .pooled).map(\.message) == [chain.message(3)])
        #expect(chain.ledger.highestMessage == chain.message(3))
    }

    @Test func aKeyThatWasHandedOutIsDisabledWhenItComesBack() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slots = try chain.send()
        chain.mine(slots)
        chain.mineEmpty(2)
        chain.look()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.reorg(3)
        chain.look(deepReorg: true)
        chain.mine([try #require(chain.ledger.slots[slots[0].id])])
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[key.message]?.state == .disabling)
        #expect(chain.ledger.intents.values.contains { $0.kind == .disable && $0.messages == [key.message] })
    }

    @Test func aKeyRevokedWhileItsCreateWasUnminedDiesWhenTheSameTransactionIsMinedAgain() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slots = try chain.send()
        chain.mine(slots)
        chain.look()
        let message = try #require(chain.keys(in: .pending).first?.message)
        chain.reorg(1)
        chain.look()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.revoke([message], reason: nil, at: chain.now)
        chain.ledger.foundDead([message], at: chain.now)
        chain.commit()
        chain.mine([try #require(chain.ledger.slots[slots[0].id])])
        chain.look()
        #expect(chain.ledger.keys[message]?.state == .disabling, "it is active on chain")
    }

    @Test func aKeyIsDisabledByOneTransactionAtATime() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.rotate("app", grace: 0, at: chain.now)
        chain.commit()
        let first = try chain.send().filter { chain.ledger.intents[$0.intents[0]]?.kind == .disable }
        #expect(first.count == 1)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let outcome = chain.ledger.revoke([key.message], reason: "leaked", at: chain.now)
        chain.commit()
        let second = try chain.send().filter { chain.ledger.intents[$0.intents[0]]?.kind == .disable }
        #expect(second.isEmpty, "the contract would revert a second disable of the same key")
        chain.mine(first)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.keys[key.message]?.state == .disabled)
        #expect(!outcome.intents.isEmpty)
    }

    @Test func aLostNonceThatIsGivenBackCarriesItsIntentAgain() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let old = try #require(chain.send().first)
        // A foreign transaction takes the nonce for good; the intent moves to the next.
        chain.nonce = 1
        chain.foreignNonces = 1
        for _ in 0..<3 {
            chain.mineEmpty()
            chain.look()
        }
        #expect(chain.ledger.slots[old.id]?.isLost == true)
        let new = try #require(chain.send().first)
        #expect(new.intents == old.intents)
        chain.mine([new])
        chain.look()
        // The foreign transaction and the new one are un-mined.
        chain.foreignNonces = 0
        chain.reorg(4)
        chain.nonce = 0
        chain.look(deepReorg: true)
        let intent = try #require(chain.ledger.intents[old.intents[0]])
        #expect(intent.nonce == 0)
        #expect(intent.slot == old.id)
        #expect(chain.ledger.slots[old.id]?.state == .broadcast)
        #expect(chain.ledger.slots[new.id]?.intents == [])
        let work = chain.ledger.dueWork(at: chain.now)
        #expect(work.contains { if case .amend(let slot) = $0 { slot.id == new.id } else { false } })
    }

    @Test func theOldBytesOfALostNonceMayBeMinedAfterAll() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let old = try #require(chain.send().first)
        chain.nonce = 1
        chain.foreignNonces = 1
        for _ in 0..<3 {
            chain.mineEmpty()
            chain.look()
        }
        chain.reorg(4)
        chain.foreignNonces = 0
        chain.mine([old])
        chain.mineEmpty(2)
        chain.look(deepReorg: true)
        #expect(chain.ledger.intents[old.intents[0]]?.state == .confirmed)
        #expect(chain.keys(in: .foreign).isEmpty, "this host made the key")
        #expect(chain.keys(in: .current).count == 1)
        let idle = try chain.send()
        #expect(idle.isEmpty)
    }
}

/// What a chain that stands still costs.
@Suite struct StandstillTests {
    @Test func aBetterOfferNeedsABlockThatPassedTheLastOneOver() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(chain.send().first)
        chain.now = chain.now.adding(seconds: 3600)
        let waiting = chain.ledger.dueWork(at: chain.now)
        #expect(waiting.contains { if case .broadcast(let other) = $0 { other.id == slot.id } else { false } })
        #expect(!waiting.contains { if case .replace = $0 { true } else { false } })
        chain.mineEmpty()
        chain.look()
        let passed = chain.ledger.dueWork(at: chain.now)
        #expect(passed.contains { if case .replace(let other) = $0 { other.id == slot.id } else { false } })
    }
}

/// Two hosts on one wallet sign deterministically: what they send must differ all the same.
@Suite struct DistinctOfferTests {
    private let policy = FeePolicy(
        maxFee: 100_000_000_000, maxTip: 5_000_000_000, bumpPercent: 15, resubmitAfter: 30)

    @Test func offersDifferByLessThanAThousandthAndStayBelowTheCap() {
        var generator = SystemRandomNumberGenerator()
        var seen = Set<UInt256>()
        let offer = FeeOffer.dynamic(maxFee: 2_000_000_000, tip: 1_000_000_000)
        for _ in 0..<100 {
            let distinct = policy.distinct(offer, using: &generator)
            #expect(distinct.tip == offer.tip)
            #expect(distinct.ceiling >= offer.ceiling && distinct.ceiling <= 2_002_000_000)
            seen.insert(distinct.ceiling)
        }
        #expect(seen.count > 90)
        let capped = FeeOffer.dynamic(maxFee: 100_000_000_000, tip: 1)
        #expect(policy.distinct(capped, using: &generator) == capped)
    }

    @Test(arguments: [UInt256(0), 1, 999, 1_000_000, .max])
    func everyPriceIsTaken(price: UInt256) {
        var generator = SystemRandomNumberGenerator()
        #expect(policy.distinct(.legacy(gasPrice: price), using: &generator).ceiling >= price)
    }
}

/// Gaps in the nonces, and clocks that go back.
@Suite struct StuckWorkTests {
    @Test func aNonceThatNobodyTakesIsFilled() throws {
        var chain = try LedgerFixture(pool: 0)
        // Somebody else's transaction has nonce 0, this host's has nonce 1.
        chain.nonce = 1
        chain.look()
        let slot = try #require(chain.send().first)
        #expect(slot.nonce == 1)
        chain.nonce = 0
        chain.mineEmpty()
        chain.look()
        #expect(chain.fills == [], "it may come back")
        chain.now = chain.now.adding(seconds: 30)
        chain.mineEmpty()
        chain.look()
        #expect(chain.fills == [0])
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let filler = chain.ledger.fill(0, gasLimit: 21_000, with: chain.attempt(0, salt: 7, for: []))
        chain.commit()
        #expect(filler?.intents == [])
        #expect(chain.fills == [])
        #expect(chain.ledger.intents[slot.intents[0]]?.nonce == 1, "the intent stays where it is")
    }

    @Test func aClockThatGoesBackDelaysNeitherCreatesNorRevocations() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let create = chain.ledger.create(count: 1, at: chain.now).intents
        let revoke = chain.ledger.revoke([key.message], reason: nil, at: chain.now).intents
        chain.commit()
        chain.now = chain.now.adding(seconds: -500)
        let sent = try chain.send().flatMap(\.intents)
        #expect(Set(create + revoke).isSubset(of: sent))
    }

    @Test func aGracePeriodIsWaitedFor() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let outcome = chain.ledger.rotate("app", grace: 100, at: chain.now)
        chain.commit()
        chain.now = chain.now.adding(seconds: -500)
        let sent = try chain.send().flatMap(\.intents)
        #expect(Set(outcome.intents).isDisjoint(with: sent))
    }

    @Test func aWithdrawalIsAChangeToTheSlotAndSurvivesARestart() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(chain.send().first)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        try chain.ledger.cancel(slot.intents[0], at: chain.now)
        #expect(
            chain.ledger.changes.contains { if case .slot(let changed) = $0 { changed.intents.isEmpty } else { false } }
        )
        chain.commit()
        let stored = try #require(chain.ledger.slots[slot.id])
        let restarted = NetworkLedger(
            settings: chain.ledger.settings, consumers: [],
            restoring: NetworkSnapshot(intents: Array(chain.ledger.intents.values), slots: [stored]))
        #expect(
            restarted.dueWork(at: chain.now).contains {
                if case .amend(let other) = $0 { other.id == slot.id } else { false }
            })
    }
}

extension LedgerFixture {
    /// Slots for which more is to be offered now.
    var replaced: [Int64] {
        ledger.dueWork(at: now).compactMap { if case .replace(let slot) = $0 { slot.id } else { nil } }
    }

    /// Nonces that are to be filled now.
    var fills: [UInt64] {
        ledger.dueWork(at: now).compactMap { if case .fill(let nonce) = $0 { nonce } else { nil } }
    }
}

/// What the contract says where events are silent.
@Suite struct SilentEventTests {
    @Test func aKeyThatTheContractCallsDeadIsReplaced() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        #expect(chain.ledger.messagesInUse == [chain.message(1), chain.message(2)])
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        chain.ledger.foundDeadInUse([key.message], at: chain.now)
        chain.commit()
        #expect(chain.ledger.keys[key.message]?.state == .disabled)
        #expect(chain.ledger.currentKey(of: "app")?.message == chain.message(2))
        #expect(chain.ledger.alarms[.foreignDisable] != nil)
        #expect(chain.ledger.openCreates.count == 1, "the pool is refilled")
        #expect(chain.ledger.messagesInUse == [chain.message(2)])
    }
}
