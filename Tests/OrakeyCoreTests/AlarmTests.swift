import EthereumCore
import OrakeyConfig
import Testing

@testable import OrakeyCore

/// Alarms end with their causes, and what causes them does not ask the chain in vain.
@Suite struct AlarmTests {
    // MARK: - A shared wallet

    @Test(arguments: [Alarm.Code.foreignDisable, .foreignTransaction, .foreignCreate])
    func nothingOfAnotherHostIsAnAlarmOnceTheWalletIsShared(code: Alarm.Code) throws {
        var chain = try LedgerFixture(pool: 0)
        try chain.fill()
        switch code {
        case .foreignCreate: chain.mineForeign(.created, chain.message(7))
        case .foreignDisable:
            let key = try #require(chain.ledger.currentKey(of: "app"))
            chain.mineForeign(.disabled, key.message)
        default:
            _ = chain.ledger.create(count: 1, at: chain.now)
            let slot = try #require(try chain.send().first)
            chain.nonce = slot.nonce + 1
            chain.foreignNonces = slot.nonce + 1
        }
        for _ in 0..<3 { chain.look() }
        #expect(chain.ledger.alarms[code] != nil)
        var settings = chain.ledger.settings
        settings.isSharedWallet = true
        chain.ledger.reconfigure(settings, consumers: Array(chain.ledger.consumerSettings.values))
        chain.look()
        #expect(chain.ledger.alarms[code] == nil)
        let written = chain.committed.contains { if case .alarmOver(_, code) = $0 { true } else { false } }
        #expect(written == code.isRemembered, "it does not come back with a restart")
    }

    // MARK: - Funds

    @Test func theAlarmForFundsEndsWhenTheBalanceSufficesAlthoughTheIntentWaits() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let id = try #require(chain.ledger.openCreates.first).id
        func hold(_ wei: UInt256) {
            chain.ledger.note(AccountView(nonce: 0, settledNonce: 0, balance: wei), at: chain.now)
        }
        hold(99)
        chain.ledger.cannotPay([id], needed: 100, at: chain.now)
        hold(99)
        #expect(chain.ledger.alarms[.insufficientFunds] != nil)
        #expect(chain.ledger.intents[id]?.error != nil)
        hold(100)
        #expect(chain.ledger.alarms[.insufficientFunds] == nil)
        #expect(chain.ledger.intents[id]?.state == .planned && chain.ledger.intents[id]?.error == nil)
    }

    @Test func whereTheEndpointCountsMoreThanOneTransactionMoreMoneyIsNeeded() throws {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let id = try #require(chain.ledger.openCreates.first).id
        let balance = try #require(chain.ledger.account?.balance)
        chain.ledger.cannotPay([id], needed: 1, at: chain.now)
        chain.ledger.note(balance: balance, at: chain.now)
        #expect(chain.ledger.alarms[.insufficientFunds] != nil)
        chain.ledger.note(balance: balance.saturatingAdd(1), at: chain.now)
        #expect(chain.ledger.alarms[.insufficientFunds] == nil)
    }

    // MARK: - Caps

    /// A create under way whose offer leaves no room below the caps.
    private func capped() throws -> (LedgerFixture, Int64) {
        var chain = try LedgerFixture(pool: 0)
        chain.look()
        let slot = try #require(try chain.send().first)
        chain.ledger.reconfigure(settings(chain, maxFee: 2_000_000_000), consumers: consumers(chain))
        return (chain, slot.intents[0])
    }

    private func settings(_ chain: LedgerFixture, maxFee: UInt256) -> NetworkProfile {
        var settings = chain.ledger.settings
        settings.fees.maxFee = maxFee
        return settings
    }

    private func consumers(_ chain: LedgerFixture) -> [ConsumerSection] {
        Array(chain.ledger.consumerSettings.values)
    }

    /// Work for which the price of gas would be asked.
    private func offers(_ chain: LedgerFixture) -> [NetworkLedger.Work] {
        chain.ledger.dueWork(at: chain.now).filter {
            switch $0 {
            case .replace, .amend, .sign: true
            case .broadcast, .fill: false
            }
        }
    }

    @Test func aSpeedUpAtTheCapWaitsForAnotherConfiguration() throws {
        var (chain, id) = try capped()
        try chain.ledger.speedUp(id, at: chain.now)
        #expect(chain.ledger.alarms[.feeCapReached] != nil)
        #expect(chain.ledger.intents[id]?.error?.contains("fee caps") == true)
        for _ in 0..<3 {
            chain.mineEmpty()
            chain.look()
            #expect(offers(chain).isEmpty)
        }
        chain.ledger.reconfigure(settings(chain, maxFee: 9_000_000_000), consumers: consumers(chain))
        guard case .replace(let slot)? = offers(chain).first else { return #expect(Bool(false), "now it is time") }
        let attempt = chain.attempt(slot.nonce, true, salt: 7, for: slot.intents)
        _ = chain.ledger.replace(slot.id, with: attempt, callData: slot.callData)
        #expect(chain.ledger.alarms[.feeCapReached] == nil && chain.ledger.intents[id]?.error == nil)
    }

    @Test func aWithdrawalAtTheCapWaitsForAnotherConfiguration() throws {
        var (chain, id) = try capped()
        try chain.ledger.cancel(id, at: chain.now)
        #expect(chain.ledger.alarms[.feeCapReached] != nil)
        #expect(chain.ledger.intents[id]?.error?.contains("fee caps") == true)
        #expect(offers(chain).isEmpty)
        chain.ledger.reconfigure(settings(chain, maxFee: 9_000_000_000), consumers: consumers(chain))
        guard case .amend? = offers(chain).first else { return #expect(Bool(false), "now it is time") }
    }

    @Test func theBytesGoOutAgainAtTheCap() throws {
        var (chain, id) = try capped()
        try chain.ledger.cancel(id, at: chain.now)
        chain.now = chain.now.adding(seconds: NetworkLedger.rebroadcastAfter)
        guard case .broadcast? = chain.ledger.dueWork(at: chain.now).first else {
            return #expect(Bool(false), "a pool may have dropped them, and later nonces wait")
        }
    }

    @Test func theAlarmOfTheCapEndsWithTheTransaction() throws {
        var (chain, id) = try capped()
        try chain.ledger.speedUp(id, at: chain.now)
        chain.mine(Array(chain.ledger.slots.values))
        chain.mineEmpty(2)
        chain.look()
        #expect(chain.ledger.alarms[.feeCapReached] == nil)
        #expect(chain.ledger.intents[id]?.error == nil)
    }
}
