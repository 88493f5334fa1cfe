import EthereumCore
import OrakeyCore
import Testing

/// Clocks that are set, as a ledger sees them; Tests/crash/test_clock.py sets them under the real daemon.
@Suite struct ClockTests {
    private static let day: Int64 = 86_400

    @Test(arguments: [-1000 * day, -1] as [Int64])
    func whatSeemsPromisedInTheFutureCountsFromNow(seconds: Int64) throws {
        var chain = try LedgerFixture(pool: 1, rotateEvery: .seconds(Self.day))
        try chain.fill()
        let old = try #require(chain.ledger.currentKey(of: "app"))
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let id = chain.ledger.rotate("app", grace: 500, at: chain.now).intents[0]
        chain.commit()
        chain.now = chain.now.adding(seconds: seconds)
        chain.ledger.decide(at: chain.now)
        chain.commit()
        #expect(chain.ledger.intents[id]?.notBefore == chain.now.adding(seconds: 500))
        #expect(chain.ledger.keys[old.message]?.notAfter == chain.now.adding(seconds: 500))
        #expect(chain.ledger.currentKey(of: "app")?.assignedAt == chain.now)
        chain.ledger.decide(at: chain.now.adding(seconds: 499))
        #expect(chain.keys(in: .retiring).map(\.message) == [old.message])
        chain.ledger.decide(at: chain.now.adding(seconds: 500))
        #expect(chain.keys(in: .disabling).map(\.message) == [old.message])
    }

    @Test func theSystemClockDoesNotJumpByItself() {
        let clock = SystemWallClock()
        let first = clock.now
        #expect(clock.takeJump() == 0)
        #expect(clock.now >= first)
    }
}
