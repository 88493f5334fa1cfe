import EthereumCore
import Foundation
import OrakeyCore
import OrakeyKey
import OrakeyStore
import Testing

@Suite struct JournalTests {
    /// A journal in a folder of its own.
    private func withFolder<T>(_ body: (String) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }

    @Test func aLedgerComesBackAsItWasCommitted() throws {
        try withFolder { folder in
            var chain = try LedgerFixture(pool: 2, consumers: ["app"])
            let journal = try SQLiteJournal(path: folder + "/journal.sqlite")
            try journal.bind(
                LedgerFixture.network, owner: LedgerFixture.owner, chainID: 31337, contract: LedgerFixture.contract)
            try chain.fill()
            chain.ledger.begin(after: chain.ledger.lastIdentifier)
            _ = chain.ledger.rotate("app", grace: 500, at: chain.now)
            _ = chain.ledger.revoke([chain.message(1)], reason: "it's \"leaked\"; DROP TABLE key", at: chain.now)
            chain.commit()
            try chain.send()
            try journal.commit(chain.committed)
            try journal.close()

            let again = try SQLiteJournal(path: folder + "/journal.sqlite")
            let snapshot = try again.restore(LedgerFixture.network, owner: LedgerFixture.owner)
            let restored = NetworkLedger(
                settings: chain.ledger.settings, consumers: Array(chain.ledger.consumerSettings.values),
                restoring: snapshot)
            #expect(restored.keys == chain.ledger.keys)
            #expect(restored.slots == chain.ledger.slots)
            #expect(restored.intents == chain.ledger.intents)
            #expect(restored.consumers == chain.ledger.consumers)
            #expect(restored.cursor == chain.ledger.cursor)
            #expect(restored.highestMessage == chain.ledger.highestMessage)
            #expect(try again.lastIdentifier() == chain.ledger.lastIdentifier)
        }
    }

    @Test func anotherAccountOrDeploymentIsRefused() throws {
        try withFolder { folder in
            let journal = try SQLiteJournal(path: folder + "/journal.sqlite")
            try journal.bind(
                LedgerFixture.network, owner: LedgerFixture.owner, chainID: 1, contract: LedgerFixture.contract)
            try journal.bind(
                LedgerFixture.network, owner: LedgerFixture.owner, chainID: 1, contract: LedgerFixture.contract)
            #expect(throws: StoreError.self) {
                try journal.bind(
                    LedgerFixture.network, owner: LedgerFixture.owner, chainID: 2, contract: LedgerFixture.contract)
            }
        }
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() throws {
        try withFolder { folder in
            let path = folder + "/journal.sqlite"
            try SQLiteJournal(path: path).close()
            let answer1 = try sqlite(path, "PRAGMA user_version = 99")
            #expect(answer1 == "")
            #expect { try SQLiteJournal(path: path) } throws: { error in
                guard case .newerSchema(_, 99, _)? = error as? StoreError else { return false }
                return true
            }
            let answer2 = try sqlite(path, "PRAGMA user_version")
            #expect(answer2 == "99")
        }
    }

    @Test func aDamagedFileIsSetAside() throws {
        try withFolder { folder in
            let path = folder + "/journal.sqlite"
            try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: path))
            let journal = try SQLiteJournal(path: path)
            #expect(try journal.alarms(of: LedgerFixture.network).map(\.code) == [.journalCorrupt])
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".corrupt")).allSatisfy { $0 == 0x5A })
            try journal.close()
            let again = try SQLiteJournal(path: path)
            #expect(try again.alarms(of: LedgerFixture.network).count == 1, "it is remembered")
            try again.commit([.alarmOver(LedgerFixture.network, .journalCorrupt)])
            #expect(try again.alarms(of: LedgerFixture.network).isEmpty)
            try again.close()
        }
    }

    @Test func somebodyElsesDatabaseIsRefused() throws {
        try withFolder { folder in
            let path = folder + "/journal.sqlite"
            let answer3 = try sqlite(path, "CREATE TABLE t (x)")
            #expect(answer3 == "")
            #expect { try SQLiteJournal(path: path) } throws: { error in
                guard case .foreignFile? = error as? StoreError else { return false }
                return true
            }
        }
    }

    @Test func writesAreDurable() throws {
        try withFolder { folder in
            let path = folder + "/journal.sqlite"
            let journal = try SQLiteJournal(path: path)
            let answer4 = try sqlite(path, "PRAGMA journal_mode")
            #expect(answer4 == "wal")
            try journal.close()
        }
    }

    /// The sqlite3 command line as an outside reader.
    private func sqlite(_ path: String, _ sql: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [path, sql]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        process.waitUntilExit()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
