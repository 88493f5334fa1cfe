import EthereumCore
import OrakeyCore
import Testing

@Suite struct SteeringTests {
    @Test func aPlannedCreateIsCancelledAtOnce() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = chain.ledger.create(count: 1, at: chain.now).intents[0]
        try chain.ledger.cancel(id, at: chain.now)
        chain.commit()
        let sent = try chain.send()
        #expect(sent.isEmpty)
    }

    @Test func aCreateUnderWayIsCancelledByTakingItsNonce() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(try chain.send().first)
        let id = slot.intents[0]
        try chain.ledger.cancel(id, at: chain.now)
        guard case .amend(let due)? = chain.ledger.dueWork(at: chain.now).first else {
            return #expect(Bool(false), "a cancellation is due")
        }
        let attempt = chain.attempt(due.nonce, true, salt: 9, for: [])
        let added = chain.ledger.replace(due.id, with: attempt, callData: [])
        let replaced = try #require(added)
        chain.ledger.sent(due.id, attempt.hash, at: chain.now)
        chain.commit()
        #expect(replaced.attempts.count == 2)
        chain.mineWithoutEffect(replaced)
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.intents[id]?.state == .cancelled)
        #expect(chain.keys(in: .pooled).isEmpty)
    }

    @Test func aCreateThatTheChainTookFirstIsConfirmedAndNotCancelled() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(try chain.send().first)
        try chain.ledger.cancel(slot.intents[0], at: chain.now)
        chain.mine([slot])
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.intents[slot.intents[0]]?.state == .confirmed)
        #expect(chain.keys(in: .current).count == 1)
    }

    @Test func aRevocationCannotBeCancelled() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let key = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = chain.ledger.revoke([key.message], reason: nil, at: chain.now).intents[0]
        #expect(throws: NetworkLedger.Refusal.final) { try chain.ledger.cancel(id, at: chain.now) }
    }

    @Test func speedingUpReplacesWhatIsUnderWayOnce() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(try chain.send().first)
        #expect(chain.ledger.dueWork(at: chain.now).isEmpty)
        try chain.ledger.speedUp(slot.intents[0], at: chain.now)
        guard case .replace(let due)? = chain.ledger.dueWork(at: chain.now).first else {
            return #expect(Bool(false), "a replacement is due")
        }
        let attempt = chain.attempt(due.nonce, true, salt: 7, for: due.intents)
        _ = chain.ledger.replace(due.id, with: attempt, callData: due.callData)
        chain.ledger.sent(due.id, attempt.hash, at: chain.now)
        chain.commit()
        #expect(chain.ledger.dueWork(at: chain.now).isEmpty)
    }

    @Test func aRunningGraceIsNotCutShortBySpeedingUp() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = try #require(chain.ledger.rotate("app", grace: 600, at: chain.now).intents.first)
        chain.commit()
        let end = chain.now.adding(seconds: 600)
        #expect(throws: NetworkLedger.Refusal.notDue(end)) { try chain.ledger.speedUp(id, at: chain.now) }
        #expect(chain.ledger.intents[id]?.isUrgent == false)
        #expect(!chain.isToBeSigned(id))
        chain.now = end
        try chain.ledger.speedUp(id, at: chain.now)
        #expect(chain.isToBeSigned(id))
    }

    @Test func aRevocationEndsTheGraceThatSpeedingUpMayNot() throws {
        var chain = try LedgerFixture(pool: 1)
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app")).message
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = try #require(chain.ledger.rotate("app", grace: 600, at: chain.now).intents.first)
        _ = chain.ledger.revoke([old], reason: nil, at: chain.now)
        #expect(chain.isToBeSigned(id))
    }

    @Test func aSecondRotationOnAnEmptyPoolMayOnlyShortenTheGrace() throws {
        for (first, second) in [(Int64(5), Int64(600)), (600, 5)] {
            var chain = try LedgerFixture(pool: 0)
            try chain.fill()
            let old = try #require(chain.ledger.currentKey(of: "app")).message
            chain.ledger.begin(after: chain.ledger.lastIdentifier)
            _ = chain.ledger.rotate("app", grace: first, at: chain.now)
            _ = chain.ledger.rotate("app", grace: second, at: chain.now)
            chain.commit()
            chain.mine(try chain.send())
            chain.mineEmpty(2)
            chain.look()
            #expect(chain.ledger.keys[old]?.notAfter == chain.now.adding(seconds: 5))
        }
    }

    @Test func aForeignKeyIsAdoptedOnceItsCreateIsSettled() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        chain.mineForeign(.created, chain.message(2))
        chain.look()
        #expect(throws: NetworkLedger.Refusal.unsettled) { try chain.ledger.adopt(chain.message(2), at: chain.now) }
        chain.mineEmpty(2)
        chain.look()
        try chain.ledger.adopt(chain.message(2), at: chain.now)
        #expect(chain.ledger.pool == [chain.message(2)])
    }

    @Test func aForeignKeyWhoseCreateWasReorgedAwayCannotBeAdopted() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        chain.mineForeign(.created, chain.message(2))
        chain.look()
        chain.reorg(1)
        chain.look()
        #expect(chain.ledger.keys[chain.message(2)]?.state == .orphaned)
        #expect(throws: NetworkLedger.Refusal.notAdoptable(.orphaned)) {
            try chain.ledger.adopt(chain.message(2), at: chain.now)
        }
        chain.mineForeign(.created, chain.message(2))
        chain.look()
        #expect(chain.ledger.keys[chain.message(2)]?.state == .foreign)
    }

    @Test func anEndedIntentIsLeftAlone() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        let id = try #require(chain.ledger.intents.keys.first)
        #expect(throws: NetworkLedger.Refusal.tooLate(.confirmed)) { try chain.ledger.speedUp(id, at: chain.now) }
        #expect(throws: NetworkLedger.Refusal.unknown) { try chain.ledger.cancel(999, at: chain.now) }
    }

    @Test func foreignKeysEnterThePoolOnAnOperatorsWordOnly() throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        chain.mineForeign(.created, chain.message(2))
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.pool.isEmpty)
        try chain.ledger.adopt(chain.message(2), at: chain.now)
        #expect(chain.ledger.pool == [chain.message(2)])
        #expect(throws: NetworkLedger.Refusal.notAdoptable(.pooled)) {
            try chain.ledger.adopt(chain.message(2), at: chain.now)
        }
    }
}
