import EthereumCore
import Testing

@testable import OrakeyCore

/// How old the view of a chain is, and what is put right once it is better.
@Suite struct FreshnessTests {
    @Test func aHeadThatStandsStillIsNoFresherForBeingReadAgain() throws {
        var chain = try LedgerFixture()
        chain.look()
        let moved = chain.now
        #expect(chain.ledger.freshAt == moved)
        chain.now = moved.adding(seconds: 600)
        chain.ledger.sawNothingNew(isConfirmed: false, at: chain.now)
        chain.look()
        #expect(chain.ledger.viewedAt == chain.now && chain.ledger.freshAt == moved)
        chain.ledger.sawNothingNew(isConfirmed: true, at: chain.now)
        #expect(chain.ledger.freshAt == chain.now, "a second endpoint says the same")
        chain.now = chain.now.adding(seconds: 600)
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.freshAt == chain.now)
    }

    @Test func aBaselineRemembersTheHeadItWasReadBelow() throws {
        let chain = try LedgerFixture()
        #expect(chain.ledger.cursor?.seen == SeenHead(number: 9, timestamp: 9))
    }

    @Test func oldViewsLetNoNewNonceBeTaken() throws {
        var chain = try LedgerFixture()
        chain.look()
        let due = chain.ledger.dueWork(at: chain.now)
        #expect(!due.isEmpty && due.allSatisfy { !$0.isIndependentOfView })
        _ = try chain.send()
        chain.now = chain.now.adding(seconds: 60)
        let resent = chain.ledger.dueWork(at: chain.now)
        #expect(!resent.isEmpty && resent.allSatisfy(\.isIndependentOfView))
    }

    @Test func aKeyThatWasTakenForDeadDiesAfterAll() throws {
        var chain = try LedgerFixture()
        chain.look()
        chain.mine(try chain.send())
        chain.mineEmpty()
        chain.look()
        let message = chain.message(1)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        chain.ledger.foundDeadInUse([message], at: chain.now)
        #expect(chain.ledger.keys[message]?.state == .disabled)
        chain.ledger.foundAlive([message], at: chain.now)
        #expect(chain.ledger.keys[message]?.state == .disabling)
        #expect(chain.ledger.intents.values.contains { $0.kind == .disable && $0.messages == [message] })
    }
}
