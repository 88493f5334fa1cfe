import EthereumCore
import OrakeyCore
import Testing

/// A contract that does not keep its promises about messages: an alarm, no key of it in use, and no loop.
@Suite struct BadMessageTests {
    private func rotated(_ issued: (LedgerFixture) -> [Bytes32]) throws -> LedgerFixture {
        var fixture = try LedgerFixture(pool: 0)
        try fixture.fill()
        _ = fixture.ledger.rotate("app", grace: 0, at: fixture.now)
        fixture.commit()
        fixture.mine(try fixture.send(), issued: issued(fixture))
        fixture.look()
        fixture.mineEmpty()
        fixture.look()
        return fixture
    }

    /// Neither lost nor doubled, and nothing is paid for more of the same.
    private func expectPatience(_ fixture: inout LedgerFixture) {
        #expect(fixture.ledger.currentKey(of: "app")?.message == fixture.message(1))
        for _ in 0..<5 {
            #expect(fixture.ledger.openCreates.isEmpty)
            #expect(fixture.ledger.alarms[.badMessage] != nil)
            fixture.mineEmpty()
            fixture.look()
        }
    }

    @Test func aMessageThatWasIssuedBefore() throws {
        var fixture = try rotated { [$0.message(1)] }
        #expect(fixture.ledger.alarms[.badMessage]?.message.contains("issued before") == true)
        expectPatience(&fixture)
    }

    @Test func noMessage() throws {
        var fixture = try rotated { _ in [] }
        expectPatience(&fixture)
    }

    @Test func theSameMessageForTwoCreatesOfOneBlock() throws {
        var fixture = try rotated { _ in [] }
        _ = fixture.ledger.create(count: 1, at: fixture.now)
        _ = fixture.ledger.create(count: 1, at: fixture.now)
        fixture.commit()
        fixture.mine(try fixture.send(), issued: [fixture.message(2)])
        fixture.look()
        fixture.mineEmpty()
        fixture.look()
        #expect(fixture.ledger.alarms[.badMessage]?.message.contains("issued before") == true)
        #expect(fixture.keys(in: .current).map(\.message) == [fixture.message(2)])
    }

    @Test func theAlarmEndsWithTheNextGoodMessage() throws {
        var fixture = try rotated { [$0.message(1)] }
        fixture.now = fixture.now.adding(seconds: 60)
        fixture.look()
        fixture.mine(try fixture.send(), issued: [fixture.message(2)])
        fixture.mineEmpty()
        fixture.look()
        #expect(fixture.ledger.alarms.isEmpty)
        #expect(fixture.ledger.currentKey(of: "app")?.message == fixture.message(2))
    }
}
