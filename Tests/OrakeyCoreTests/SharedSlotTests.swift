import EthereumCore
import OrakeyCore
import Testing

/// Creates that are due together share a transaction, and none depends on the others.
@Suite struct SharedSlotTests {
    /// A ledger at rest, then creates of these sizes planned; their intents.
    private func planned(_ counts: [Int]) throws -> (LedgerFixture, [Int64]) {
        var chain = try LedgerFixture(pool: 0, consumers: [])
        chain.look()
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let ids = counts.flatMap { chain.ledger.create(count: $0, at: chain.now).intents }
        chain.commit()
        return (chain, ids)
    }

    @Test func eachGetsTheMessagesItAskedFor() throws {
        var (chain, ids) = try planned([2, 1, 3])
        let slots = try chain.send()
        #expect(slots.map(\.intents) == [ids])
        chain.mine(slots)
        chain.mineEmpty()
        chain.look()
        let messages = ids.map { chain.ledger.intents[$0]?.messages ?? [] }
        #expect(messages == [[1, 2], [3], [4, 5, 6]].map { $0.map(chain.message) })
        #expect(ids.allSatisfy { chain.ledger.intents[$0]?.state == .confirmed })
        #expect(chain.keys(in: .pooled).count == 6)
    }

    @Test func noMoreThanTheContractTakesGoOutTogether() throws {
        let (chain, ids) = try planned([100, 28, 1, 128])
        let due = chain.ledger.dueWork(at: chain.now).compactMap { work in
            if case .sign(let intents) = work { intents.map(\.id) } else { nil }
        }
        #expect(due == [[ids[0], ids[1]], [ids[2]], [ids[3]]])
    }

    @Test func aMissingMessageIsTheLastOnesAlarm() throws {
        var (chain, ids) = try planned([1, 1])
        let slots = try chain.send()
        chain.mine([slots[0]], issued: [])
        chain.mineEmpty()
        chain.look()
        #expect(chain.ledger.alarms[.badMessage] != nil)
        #expect(ids.allSatisfy { chain.ledger.intents[$0]?.messages == [] })
    }

    /// The withdrawn one leaves; what stays is signed anew at the same nonce.
    private func withdrawn() throws -> (LedgerFixture, [Int64], original: TransactionSlot, amended: TransactionSlot) {
        var (chain, ids) = try planned([2, 1, 3])
        let original = try #require(try chain.send().first)
        try chain.ledger.cancel(ids[1], at: chain.now)
        guard case .amend(let due)? = chain.ledger.dueWork(at: chain.now).first else {
            throw Missing()
        }
        #expect(due.intents == [ids[0], ids[2]])
        let attempt = chain.attempt(due.nonce, true, salt: 9, for: due.intents)
        _ = chain.ledger.replace(due.id, with: attempt, callData: [2])
        chain.ledger.sent(due.id, attempt.hash, at: chain.now)
        chain.commit()
        #expect(!chain.ledger.dueWork(at: chain.now).contains { if case .amend = $0 { true } else { false } })
        return (chain, ids, original, try #require(chain.ledger.slots[due.id]))
    }

    @Test func withdrawingOneLeavesTheOthers() throws {
        var (chain, ids, _, amended) = try withdrawn()
        chain.mine([amended])
        chain.mineEmpty()
        chain.look()
        #expect(ids.map { chain.ledger.intents[$0]?.state } == [.confirmed, .cancelled, .confirmed])
        #expect(chain.ledger.intents[ids[2]]?.messages == [3, 4, 5].map(chain.message))
        #expect(chain.keys(in: .pooled).count == 5)
        #expect(chain.ledger.dueWork(at: chain.now).isEmpty)
    }

    @Test func theChainMayTakeTheOriginalAllTheSame() throws {
        var (chain, ids, original, _) = try withdrawn()
        chain.mine([original])
        chain.mineEmpty()
        chain.look()
        #expect(ids.allSatisfy { chain.ledger.intents[$0]?.state == .confirmed })
        #expect(chain.keys(in: .pooled).count == 6)
        #expect(chain.ledger.dueWork(at: chain.now).isEmpty)
    }

    @Test func anOriginalThatAReorgTakesBackLeavesTheChoiceOpenAgain() throws {
        var (chain, ids, original, amended) = try withdrawn()
        chain.mine([original])
        chain.look()
        chain.reorg(1)
        chain.look()
        #expect(ids.allSatisfy { chain.ledger.intents[$0]?.state == .broadcast })
        chain.mine([amended])
        chain.mineEmpty()
        chain.look()
        #expect(ids.map { chain.ledger.intents[$0]?.state } == [.confirmed, .cancelled, .confirmed])
        #expect(chain.keys(in: .pooled).count == 5)
    }

    /// Lost together, then one is withdrawn and both nonces are given back: nothing comes twice.
    @Test func aLostNonceThatIsGivenBackTakesOnlyItsOwnIntentsBack() throws {
        var (chain, ids) = try planned([1, 1])
        let old = try #require(try chain.send().first)
        chain.nonce = 1
        chain.foreignNonces = 1
        for _ in 0..<3 {
            chain.mineEmpty()
            chain.look()
        }
        #expect(chain.ledger.slots[old.id]?.isLost == true)
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        let third = chain.ledger.create(count: 1, at: chain.now).intents[0]
        chain.commit()
        let new = try #require(try chain.send().first)
        #expect(new.intents == ids + [third])
        chain.foreignNonces = 0
        chain.reorg(3)
        chain.nonce = 0
        chain.look(deepReorg: true)
        #expect(chain.ledger.slots[old.id]?.intents == ids)
        #expect(chain.ledger.slots[new.id]?.intents == [third], "it is signed anew without the two")
        #expect(
            chain.ledger.dueWork(at: chain.now).contains {
                if case .amend(let slot) = $0 { slot.id == new.id } else { false }
            })
    }

    @Test func aLostWithdrawalStaysAWithdrawal() throws {
        var (chain, ids, _, _) = try withdrawn()
        chain.nonce = 1
        chain.foreignNonces = 1
        for _ in 0..<3 {
            chain.mineEmpty()
            chain.look()
        }
        #expect(ids.map { chain.ledger.intents[$0]?.state } == [.planned, .cancelled, .planned])
    }

    @Test func hundredsOfTransactionsDoNotGoOutAtOnce() throws {
        var (chain, _) = try planned([Int](repeating: 128, count: 100))
        #expect(chain.ledger.dueWork(at: chain.now).count == 64)
        let sent = try chain.send()
        #expect(sent.count == 64)
        #expect(!chain.ledger.dueWork(at: chain.now).contains { if case .sign = $0 { true } else { false } })
    }

    private struct Missing: Error {}
}
