import EthereumCore
import EthereumWallet
import Foundation
import OrakeyKey
import OrakeyStore
import StrictJSON
import Synchronization
import Testing

@testable import OrakeyCore

/// The audit over a real journal, and what its check says when rows are not as they were written.
@Suite struct AuditTests {
    private let key = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
    private let clock = MovedClock()

    private func withJournal<T>(_ body: (String) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path + "/journal.sqlite")
    }

    private func entries(_ journal: SQLiteJournal) throws -> (AuditHead?, [AuditEntry]) {
        try journal.withAudit { head, next in
            var all: [AuditEntry] = []
            while let entry = try next() { all.append(entry) }
            return (head, all)
        }
    }

    private func problems(
        _ head: AuditHead?, _ entries: [AuditEntry], expecting expected: [Int64: Bytes32] = [:]
    ) -> [AuditVerifier.Problem] {
        var verifier = AuditVerifier(auditKey: key, head: head, expecting: expected)
        for entry in entries { verifier.take(entry) }
        return verifier.finish().problems
    }

    /// Ten records, the first three of them from before the first unlock.
    private func sample() throws -> (AuditHead?, [AuditEntry]) {
        try withJournal { path in
            let journal = try SQLiteJournal(path: path)
            let log = AuditLog(journal: journal, clock: clock)
            for number in 1...3 { try log.append([.reloaded(consumers: number)]) }
            log.begin(with: key)
            for number in 4...10 { try log.append([.reloaded(consumers: number)]) }
            return try entries(journal)
        }
    }

    @Test func whatWasWrittenIsIntact() throws {
        let (head, entries) = try sample()
        #expect(entries.map(\.sequence) == Array(1...10))
        #expect(entries.map { $0.epoch != nil } == [false, false, false] + [Bool](repeating: true, count: 7))
        #expect(problems(head, entries) == [])
        #expect(problems(head, entries, expecting: [4: entries[3].code]) == [])
        #expect(problems(head, entries, expecting: [4: entries[4].code]) == [.notContained(4)])
    }

    @Test(arguments: 0..<10)
    func anAlteredRecordIsNamed(index: Int) throws {
        let (head, entries) = try sample()
        let old = entries[index]
        let changes = [
            AuditEntry(sequence: old.sequence, epoch: old.epoch, body: old.body + [0x20], code: old.code),
            AuditEntry(
                sequence: old.sequence, epoch: old.epoch,
                body: Array(String(decoding: old.body, as: UTF8.self).replacing("consumers", with: "konsumers").utf8),
                code: old.code),
            AuditEntry(sequence: old.sequence, epoch: old.epoch == nil ? .zero : nil, body: old.body, code: old.code),
        ]
        for change in changes {
            var all = entries
            all[index] = change
            #expect(problems(head, all).contains(.altered(old.sequence)))
        }
        var all = entries
        all[index] = AuditEntry(sequence: old.sequence, epoch: old.epoch, body: old.body, code: .zero)
        #expect(!problems(head, all).isEmpty)
    }

    /// Without the key nobody can make records: they can only be made without one, from some place on.
    @Test(arguments: 3..<10)
    func recordsWithoutACodeTakeNobodysPlace(from index: Int) throws {
        let (head, entries) = try sample()
        var end = AuditHead(
            sequence: Int64(index), code: index == 0 ? .zero : entries[index - 1].code, seal: head?.seal)
        var forged = Array(entries[..<index])
        for number in index..<10 {
            let entry = AuditChain.entry(
                Array(#"{"event":"stopped","n":\#(number)}"#.utf8), after: end, epoch: nil, key: nil)
            end = AuditChain.head(end, with: entry, key: nil)
            forged.append(entry)
        }
        #expect(!problems(end, forged).isEmpty)
        end.seal = nil
        #expect(!problems(end, forged).isEmpty || index == 3, "only what no key covers can be replaced as a whole")
    }

    @Test(arguments: 0..<9)
    func aMissingRecordIsNamed(index: Int) throws {
        let (head, entries) = try sample()
        var all = entries
        all.remove(at: index)
        let expected: AuditVerifier.Problem =
            index == 0 ? .beginningMissing(first: 2) : .missing(Int64(index + 1)...Int64(index + 1))
        #expect(problems(head, all) == [expected])
    }

    @Test(arguments: [(0, Int64.min), (0, -1), (9, .max)])
    func numbersThatNoRecordHasAreNamed(index: Int, number: Int64) throws {
        let (head, entries) = try sample()
        var all = entries
        all[index] = AuditEntry(
            sequence: number, epoch: entries[index].epoch, body: entries[index].body, code: entries[index].code)
        #expect(!problems(head, all).isEmpty)
        #expect(!problems(head, [all[index]]).isEmpty)
    }

    @Test(arguments: [(Int64.min, Int64.min), (.max, 1), (1, .min), (1, .max)])
    func aHeadThatNoAuditHasIsRefused(number: Int64, sealed: Int64) throws {
        try withJournal { path in
            let journal = try SQLiteJournal(path: path)
            let seal = AuditHead.Seal(sequence: sealed, code: .zero, epoch: .zero, tag: .zero)
            try journal.commit([.auditHead(AuditHead(sequence: number, code: .zero, seal: seal))])
            let log = AuditLog(journal: journal, clock: clock)
            #expect(throws: AuditError.badHead) { try log.append([.unlocked]) }
            #expect(throws: AuditError.badHead) { try log.isEndIntact(key) }
        }
    }

    @Test(arguments: 0..<9)
    func recordsInAnotherOrderAreNamed(index: Int) throws {
        let (head, entries) = try sample()
        var all = entries
        let (a, b) = (entries[index], entries[index + 1])
        all[index] = AuditEntry(sequence: a.sequence, epoch: b.epoch, body: b.body, code: b.code)
        all[index + 1] = AuditEntry(sequence: b.sequence, epoch: a.epoch, body: a.body, code: a.code)
        #expect(problems(head, all).contains(.altered(a.sequence)))
    }

    @Test(arguments: 0..<10)
    func aCutTailIsNamed(count: Int) throws {
        let (head, entries) = try sample()
        let cut = Array(entries[..<count])
        #expect(problems(head, cut).contains(.cutOff(last: Int64(count), head: 10)))
        // With a head that says so too: the seal of the real one remains, or is missing.
        guard let last = cut.last else { return }
        let fitting = AuditHead(sequence: last.sequence, code: last.code, seal: head?.seal)
        #expect(problems(fitting, cut).contains(.cutOff(last: last.sequence, head: 10)))
        let bare = AuditHead(sequence: last.sequence, code: last.code, seal: nil)
        #expect(problems(bare, cut) == (count > 3 ? [.badHead] : []), "what no key ever covered can't be missed")
        let forged = AuditHead(
            sequence: last.sequence, code: last.code,
            seal: .init(sequence: last.sequence, code: last.code, epoch: last.epoch ?? .zero, tag: last.code))
        #expect(problems(forged, cut).contains(.badHead))
    }

    @Test func anotherWalletsAuditIsForeign() throws {
        let (head, entries) = try sample()
        var verifier = AuditVerifier(auditKey: SecretBytes(copying: [UInt8](repeating: 8, count: 32)), head: head)
        for entry in entries { verifier.take(entry) }
        let report = verifier.finish()
        #expect(report.isForeign && !report.isIntact)
    }

    @Test func aRunThatWasKilledGoesOnWhereItEnded() throws {
        try withJournal { path in
            for run in 1...4 {
                // Not closed: as after kill -9, the next run finds the log of what was committed.
                let journal = try SQLiteJournal(path: path)
                let log = AuditLog(journal: journal, clock: clock)
                try log.append([.started(version: "\(run)")])
                if run.isMultiple(of: 2) { log.begin(with: key) }
                try log.append([.unlocked, .locked(reason: "test")])
                let (head, all) = try entries(journal)
                #expect(all.count == 3 * run)
                #expect(problems(head, all) == [], "run \(run)")
                #expect(try log.isEndIntact(key))
            }
        }
    }

    @Test func changesAndTheirRecordsAreCommittedTogetherOrNotAtAll() throws {
        try withJournal { path in
            let stored = try SQLiteJournal(path: path)
            let journal = FailingJournal(stored)
            let log = AuditLog(journal: journal, clock: clock)
            log.begin(with: key)
            try log.append([.unlocked])
            journal.failAt(commit: 1)
            let reply = IdempotentReply(
                key: "k", network: LedgerFixture.network, request: .zero, intents: [], fingerprints: [],
                createdAt: clock.now)
            #expect(throws: (any Error).self) { try log.append([.stopped], with: [.reply(reply)]) }
            #expect(try stored.replies(to: "k") == [])
            #expect(try log.head.sequence == 1)
            try log.append([.stopped], with: [.reply(reply)])
            #expect(try stored.replies(to: "k") == [reply])
            let (head, all) = try entries(stored)
            #expect(all.count == 2 && problems(head, all) == [])
        }
    }

    @Test func whatSomebodyElseWroteIsNotBuiltUpon() throws {
        try withJournal { path in
            let stored = try SQLiteJournal(path: path)
            let journal = FailingJournal(stored)
            let log = AuditLog(journal: journal, clock: clock)
            try log.append([.unlocked])
            try AuditLog(journal: stored, clock: clock).append([.locked(reason: "somebody else")])
            #expect(throws: (any Error).self) { try log.append([.stopped]) }
            #expect(throws: AuditError.self) { try log.append([.stopped]) }
        }
    }

    @Test func growthIsBoundedAndWhatIsLetGoOfIsRecorded() throws {
        try withJournal { path in
            let journal = try SQLiteJournal(path: path)
            let log = AuditLog(journal: journal, clock: clock, retention: .init(records: 50))
            log.begin(with: key)
            for number in 1...300 {
                try log.append([.reloaded(consumers: number)])
                let (head, all) = try entries(journal)
                #expect(all.count <= 51 && problems(head, all) == [])
            }
            var (head, all) = try entries(journal)
            #expect(all.last?.sequence ?? 0 > 300 && all[0].sequence > 250)
            all.removeFirst()
            #expect(problems(head, all) == [.beginningMissing(first: all[0].sequence)])
            head = try journal.auditHead()
            let again = AuditLog(journal: journal, clock: clock, retention: .init(records: 50))
            try again.append([.stopped])
            let (last, rest) = try entries(journal)
            #expect(problems(last, rest) == [])
        }
    }

    @Test func settledBlocksAreAnchoredNowAndThen() throws {
        try withJournal { path in
            let journal = try SQLiteJournal(path: path)
            let log = AuditLog(journal: journal, clock: clock)
            func look(_ block: UInt64) throws {
                let cursor = Cursor(block: block, hash: Keccak256.hash([UInt8(truncatingIfNeeded: block)]))
                try log.append([], with: [.cursor(LedgerFixture.network, cursor)])
            }
            try look(1)
            try look(2)
            #expect(try log.head.sequence == 1, "one at the start of a run")
            clock.move(seconds: AuditLog.anchorInterval)
            try look(3)
            #expect(try log.head.sequence == 1, "nothing happened that could be anchored")
            try log.append([.unlocked])
            try look(4)
            try look(5)
            let (_, all) = try entries(journal)
            let bodies = all.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies.map { $0.contains("anchor") } == [true, false, true])
            #expect(bodies[2].contains(#""block":4,"hash":"0x"#))
            // A clock that was set back by a year is no reason to anchor nothing for a year.
            clock.move(seconds: -365 * 86_400)
            try log.append([.unlocked])
            try look(6)
            try look(7)
            #expect(try log.head.sequence == 5)
            #expect(
                try entries(journal).1.last.map { String(decoding: $0.body, as: UTF8.self) }?.contains(#""block":6"#)
                    == true)
        }
    }

    @Test func bodiesAreOneLineOfJSON() throws {
        let peer = Peer(
            processID: 7, userID: 1000, groupIDs: [], executable: "/usr/bin/\u{1b}[31m\n", units: ["a.service"])
        let body = Requester.$current.withValue(Requester(peer)) {
            AuditEvent.unlockRefused(reason: String(repeating: "x", count: 5000) + "\n").body(
                at: clock.now, requester: Requester.current)
        }
        #expect(!body.contains { $0 < 0x20 })
        let json = try JSON.parse(body)
        #expect(json["by"]?["uid"]?.numberValue?.integer(Int.self) == 1000)
        #expect(json["reason"]?.stringValue?.count == AuditEvent.longestText)
    }

    @Test func decisionsAreWorthTheirRecords() throws {
        var chain = try LedgerFixture(pool: 1, consumers: ["app"])
        func names(_ before: NetworkLedger, _ changes: [Change]) -> [String] {
            AuditEvent.following(
                changes, key: { before.keys[$0]?.state }, isKnown: { before.intents[$0] != nil }
            ).map(\.name)
        }
        try chain.fill()
        var before = chain.ledger
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.rotate("app", grace: 500, at: chain.now)
        #expect(Set(names(before, chain.ledger.changes)) == ["assigned", "retired", "intent"])
        chain.commit()
        before = chain.ledger
        chain.ledger.begin(after: chain.ledger.lastIdentifier)
        _ = chain.ledger.revoke([chain.message(2)], reason: "leaked", at: chain.now)
        #expect(names(before, chain.ledger.changes).contains("revoked"))
    }
}

/// A clock that a test moves.
final class MovedClock: WallClock {
    private let seconds = LockedNumber()

    var now: Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + seconds.value * 1000) }

    func move(seconds delta: Int64) { seconds.value += delta }
}

final class LockedNumber: Sendable {
    private let number = Mutex<Int64>(0)

    var value: Int64 {
        get { number.withLock { $0 } }
        set { number.withLock { $0 = newValue } }
    }
}
