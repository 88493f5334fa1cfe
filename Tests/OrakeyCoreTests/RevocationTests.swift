import EthereumCore
import Foundation
import OrakeyKey
import OrakeyStore
import Testing

@testable import OrakeyCore

/// The revoker's transactions as values: what follows from what the chain says.
@Suite struct RevocationTests {
    private let start = Timestamp(milliseconds: 1_000_000)
    private let revoker = must { try Address(bytes: [UInt8](repeating: 0x33, count: 20)) }

    private func attempt(_ salt: UInt8, sent: Int64? = nil) -> Attempt {
        Attempt(
            hash: Keccak256.hash([salt]), raw: [salt], fees: .dynamic(maxFee: 2, tip: 1), isUrgent: true, intents: [],
            signedAt: start, sentAt: sent.map { start.adding(seconds: $0) })
    }

    private func desk(sent: Int64? = 0, head: UInt64? = 10) -> RevocationDesk {
        var desk = RevocationDesk(restoring: .init(open: nil, nextNonce: 5, recent: []))
        desk.begin(
            Revocation(
                id: 1, network: LedgerFixture.network, revoker: revoker, nonce: desk.nonce(onChain: 3),
                messages: [Keccak256.hash([9])], gasLimit: 100, attempts: [attempt(1, sent: sent)]), head: head)
        return desk
    }

    private func view(
        mined block: UInt64? = nil, succeeded: Bool = true, settledNonce: UInt64 = 5, settled: UInt64 = 10,
        hash: UInt8 = 1
    ) -> RevocationView {
        RevocationView(
            inclusion: block.map {
                .init(block: $0, blockHash: .zero, transaction: Keccak256.hash([hash]))
            }, succeeded: succeeded, settledNonce: settledNonce, settled: settled, head: settled + 2)
    }

    @Test func noncesGoOnFromJournalAndChain() {
        let fresh = RevocationDesk(restoring: .init(open: nil, nextNonce: 5, recent: []))
        #expect(fresh.nonce(onChain: 3) == 5, "an endpoint that lags")
        #expect(fresh.nonce(onChain: 8) == 8, "somebody used the account meanwhile")
        #expect(desk().current?.nonce == 5)
        #expect(desk().nonce(onChain: 3) == 6)
    }

    @Test func onlyDepthEndsIt() {
        var desk = desk()
        #expect(desk.follow(view(mined: 11))?.state == .mined)
        #expect(desk.underWay.count == 1)
        #expect(desk.follow(view(mined: 11)) == nil, "nothing new")
        #expect(desk.follow(view(settled: 11))?.state == .open, "a reorg took it back")
        #expect(desk.follow(view(mined: 12))?.state == .mined)
        #expect(desk.follow(view(mined: 12, settled: 12))?.state == .done)
        #expect(desk.current == nil && desk.underWay.isEmpty)
        #expect(desk.transactions == [Keccak256.hash([1])], "its events may be seen later")
    }

    @Test func aRevertIsItsEnd() {
        var desk = desk()
        #expect(desk.follow(view(mined: 10, succeeded: false))?.state == .failed)
        #expect(desk.current == nil)
    }

    @Test func aNonceIsLostOnlyWhenTheChainSaysSoRepeatedly() {
        var desk = desk()
        for _ in 1..<NetworkLedger.lostSightingsNeeded {
            #expect(desk.follow(view(settledNonce: 6)) == nil)
        }
        #expect(desk.follow(view(settledNonce: 5)) == nil, "one endpoint that lags begins the count anew")
        for _ in 1..<NetworkLedger.lostSightingsNeeded { #expect(desk.follow(view(settledNonce: 6)) == nil) }
        #expect(desk.follow(view(settledNonce: 6))?.state == .lost)
        #expect(desk.current == nil)
    }

    @Test func whatIsDue() {
        var unsent = desk(sent: nil)
        #expect(unsent.due(at: start, head: 10, resubmitAfter: 30) == .broadcast(attempt(1)))
        _ = unsent.sent(Keccak256.hash([1]), at: start)
        #expect(unsent.due(at: start.adding(seconds: 1), head: 10, resubmitAfter: 30) == .wait)
        let waiting = desk()
        let again = RevocationDesk.Step.broadcast(attempt(1, sent: 0))
        #expect(waiting.due(at: start.adding(seconds: 20), head: 10, resubmitAfter: 30) == again)
        #expect(waiting.due(at: start.adding(seconds: 30), head: 10, resubmitAfter: 30) == again, "no block since")
        #expect(waiting.due(at: start.adding(seconds: 30), head: 11, resubmitAfter: 30) == .replace)
        #expect(
            waiting.due(at: start.adding(seconds: -9), head: 11, resubmitAfter: 30) == .replace, "the clock was set")
    }

    @Test func replacementsKeepNonceAndKeys() {
        var desk = desk()
        let changed = desk.replace(with: attempt(2), head: 12)
        #expect(changed?.nonce == 5 && changed?.attempts.count == 2)
        #expect(desk.follow(view(mined: 10, hash: 1))?.state == .done, "whichever attempt the chain took")
        #expect(desk.replace(with: attempt(3), head: 12) == nil)
    }

    @Test func aRevocationComesBackAsItWasCommitted() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path + "/journal.sqlite"
        var desk = desk()
        let journal = try SQLiteJournal(path: path)
        let first = desk.current
        let second = desk.replace(with: attempt(2), head: 11)
        let third = desk.follow(view(mined: 11))
        for step in [first, second, third] { try journal.commit([.revocation(try #require(step))]) }
        let again = try SQLiteJournal(path: path)
        let history = try again.revocations(of: LedgerFixture.network, by: revoker)
        #expect(history.open == desk.current)
        #expect(history.nextNonce == 6)
        #expect(Set(history.recent) == Set(desk.transactions))
        #expect(try again.lastIdentifier() == 1)
        #expect(try again.revocations(of: LedgerFixture.network, by: LedgerFixture.owner).open == nil)
        let last = desk.follow(view(mined: 11, settled: 11))
        try again.commit([.revocation(try #require(last))])
        let ended = try again.revocations(of: LedgerFixture.network, by: revoker)
        #expect(ended.open == nil && ended.nextNonce == 6 && ended.recent.count == 2)
    }
}
