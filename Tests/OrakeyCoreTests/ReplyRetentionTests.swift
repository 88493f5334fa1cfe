import EthereumCore
import EthereumWallet
import Foundation
import Logging
import OrakeyConfig
import OrakeyKey
import OrakeyStore
import Testing

@testable import OrakeyCore

/// How long the reply to a call with an `Idempotency-Key` lasts, in the real journal.
@Suite struct ReplyRetentionTests {
    private static let other = must { try NetworkName("OTHER") }
    private static let day: Int64 = 86_400

    /// The path of a journal in a folder of its own.
    private func withPath<T>(_ body: (String) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.path + "/journal.sqlite")
    }

    // MARK: - The agent

    private func agent(over journal: any Journal, _ clock: MovedClock, fewest: Int) async throws -> KeyAgent {
        let agent = try KeyAgent(
            journal: journal, profiles: [try LedgerFixture().ledger.settings], consumers: [], clock: clock,
            board: HandoutBoard(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replyRetention: ReplyRetention(seconds: 7 * Self.day, fewest: fewest, most: 100))
        try await agent.unlock(
            with: try UnlockedWallet(.privateKey(SecretBytes(copying: [UInt8](repeating: 0, count: 31) + [1]))))
        return agent
    }

    private func create(_ key: String, _ agent: KeyAgent) async throws -> KeyAgent.Accepted {
        try await agent.create(
            network: nil, count: 1, tag: KeyAgent.IdempotencyTag(key: key, request: Keccak256.hash(Array(key.utf8))))
    }

    @Test func aRepeatIsANewOperationOnlyLongAfterTheEndOfTheFirst() async throws {
        try await withPath { path in
            let clock = MovedClock()
            let journal = FailingJournal(try SQLiteJournal(path: path))
            let agent = try await agent(over: journal, clock, fewest: 0)
            let first = try await create("first", agent)
            clock.move(seconds: 30 * Self.day)
            _ = try await create("later", agent)
            #expect(try await create("first", agent) == first, "what still runs is remembered, however long it takes")

            _ = try await agent.cancel(first.intents[0])
            clock.move(seconds: Self.day)
            _ = try await create("sees the end", agent)
            clock.move(seconds: 7 * Self.day - 1)
            _ = try await create("too early", agent)
            #expect(try await create("first", agent) == first, "seven days count from the end")
            clock.move(seconds: ReplyRetention.interval)
            let before = journal.commits
            _ = try await create("lets go", agent)
            #expect(journal.commits == before + 1, "old replies go with the commit of a new one")

            let again = try await create("first", agent)
            #expect(again.intents != first.intents, "nobody remembers: it is a new operation")
            #expect(try await agent.intents(before: nil, limit: 99).count == 6)
            #expect(try await create("first", agent) == again)
        }
    }

    @Test func aClockThatIsWrongTakesNoNewReplyAway() async throws {
        try await withPath { path in
            let clock = MovedClock()
            let agent = try await agent(over: try SQLiteJournal(path: path), clock, fewest: 2)
            var replies: [KeyAgent.Accepted] = []
            for key in ["a", "b", "c"] {
                replies.append(try await create(key, agent))
                _ = try await agent.cancel(replies.last?.intents.first ?? 0)
            }
            // One look sees the ends, the next would let all of them go.
            for key in ["b", "c"] {
                clock.move(seconds: 400 * Self.day)
                _ = try await agent.cancel(try await create("far in the future, \(key)", agent).intents[0])
            }
            #expect(try await create("c", agent) == replies[2])
            #expect(try await create("a", agent) != replies[0])
            clock.move(seconds: -2000 * Self.day)
            _ = try await create("in the past", agent)
            #expect(try await create("c", agent) == replies[2])
        }
    }

    // MARK: - The journal

    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let short = ReplyRetention(seconds: 60, fewest: 0, most: 3)

    private func intent(_ id: Int64, _ network: NetworkName, _ state: Intent.State) -> Change {
        var intent = Intent(
            id: id, network: network, payload: .create(count: 1), isUrgent: false, notBefore: now, createdAt: now)
        intent.state = state
        return .intent(intent)
    }

    private func reply(_ key: String, _ network: NetworkName, _ intents: [Int64], awaiting: [Bytes32] = []) -> Change {
        .reply(
            IdempotentReply(
                key: key, network: network, request: .zero, intents: intents, fingerprints: ["SHA256:0"],
                awaiting: awaiting, createdAt: now))
    }

    /// The keys among these that are remembered after two looks far apart.
    private func remembered(_ keys: [String], in journal: SQLiteJournal) throws -> [String] {
        try journal.commit([.oldReplies(short, at: now)])
        try journal.commit([.oldReplies(short, at: now.adding(seconds: 61))])
        return try keys.filter { try !journal.replies(to: $0).isEmpty }
    }

    @Test func anOperationOnTwoNetworksEndsWithItsLastPart() async throws {
        try await withPath { path in
            let journal = try SQLiteJournal(path: path)
            let base = LedgerFixture.network
            try journal.commit([
                intent(1, base, .confirmed), intent(2, Self.other, .mined), reply("both", base, [1]),
                reply("both", Self.other, [2]), intent(3, base, .failed), intent(4, base, .cancelled),
                reply("one", base, [3, 4]), reply("nothing", base, []),
            ])
            #expect(try remembered(["both", "one", "nothing"], in: journal) == ["both"])
            #expect(try journal.replies(to: "both").map(\.intents) == [[1], [2]], "both parts")
            try journal.commit([intent(2, Self.other, .confirmed)])
            #expect(try remembered(["both"], in: journal) == [])
        }
    }

    /// The disable of a rotated key is planned when it has a successor.
    @Test func aReplyLastsWhileAKeyWaitsForItsSuccessor() async throws {
        try await withPath { path in
            let journal = try SQLiteJournal(path: path)
            let fixture = try LedgerFixture()
            var key = KeyRecord(
                network: LedgerFixture.network, owner: LedgerFixture.owner, message: fixture.message(7), state: .current
            )
            try journal.commit([
                .key(key),
                reply("rotate", LedgerFixture.network, [], awaiting: [fixture.message(6), fixture.message(7)]),
                reply("elsewhere", Self.other, [], awaiting: [fixture.message(7)]),
            ])
            for state in [KeyState.current, .retiring, .disabling] {
                key.state = state
                try journal.commit([.key(key)])
                #expect(try remembered(["rotate", "elsewhere"], in: journal) == ["rotate"], "\(state)")
            }
            key.state = .disabled
            try journal.commit([.key(key)])
            #expect(try remembered(["rotate"], in: journal) == [])
        }
    }

    @Test func theOldestGoEarlyWhereThereAreTooMany() async throws {
        try await withPath { path in
            let journal = try SQLiteJournal(path: path)
            let base = LedgerFixture.network
            try journal.commit(
                (1...8).flatMap { id in
                    [intent(id, base, id < 3 ? .planned : .confirmed), reply("k\(id)", base, [id])]
                })
            try journal.commit([.oldReplies(short, at: now)])
            let left = try (1...8).filter { try !journal.replies(to: "k\($0)").isEmpty }
            #expect(left == [1, 2, 6, 7, 8], "three that have ended, and all that run")
        }
    }

    @Test func repliesOfTheFormerSchemaAreKept() async throws {
        try await withPath { path in
            try SQLiteJournal(path: path).close()
            try sqlite(
                path,
                """
                DROP TABLE reply;
                CREATE TABLE reply (
                    key TEXT PRIMARY KEY, request BLOB NOT NULL, intents TEXT NOT NULL, fingerprints TEXT NOT NULL,
                    created_at INTEGER NOT NULL, awaiting BLOB NOT NULL DEFAULT x''
                ) STRICT, WITHOUT ROWID;
                INSERT INTO reply VALUES ('k1 OTHER', zeroblob(32), '4,5', 'SHA256:1,SHA256:2', 17, zeroblob(64));
                INSERT INTO reply VALUES ('k1 BASE', zeroblob(32), '', '', 17, x'');
                INSERT INTO reply VALUES ('k2 OTHER', zeroblob(32), '', '', 18, x'');
                PRAGMA user_version = 5;
                """)
            let journal = try SQLiteJournal(path: path)
            let replies = try journal.replies(to: "k1")
            #expect(replies.map(\.network.description) == ["BASE", "OTHER"])
            #expect(replies.last?.intents == [4, 5])
            #expect(replies.last?.fingerprints == ["SHA256:1", "SHA256:2"])
            #expect(replies.last?.awaiting == [.zero, .zero])
            #expect(replies.last?.createdAt == Timestamp(milliseconds: 17))
            #expect(try journal.replies(to: "k2").map(\.network) == [Self.other])
        }
    }

    private func sqlite(_ path: String, _ sql: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        process.arguments = [path, sql]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
