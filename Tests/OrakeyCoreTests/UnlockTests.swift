import EthereumCore
import EthereumWallet
import Foundation
import Logging
import OrakeyConfig
import OrakeyStore
import Testing

@testable import OrakeyCore

/// An unlock takes place whole or not at all.
@Suite struct UnlockTests {
    private let wallet = must {
        try UnlockedWallet(.privateKey(SecretBytes(copying: [UInt8](repeating: 0, count: 31) + [1])))
    }

    @Test func whereTheJournalFailsInItsMiddleTheWalletStaysLocked() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orakeyd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let journal = FailingJournal(try SQLiteJournal(path: folder.path + "/journal.sqlite"))
        let (fixture, network, owner) = (try LedgerFixture(), LedgerFixture.network, try wallet.account().address)
        try journal.bind(network, owner: owner, chainID: 31337, contract: LedgerFixture.contract)
        // Nobody knows its fingerprint yet: the unlock has to find it out and write it down.
        var key = KeyRecord(network: network, owner: owner, message: fixture.message(1), state: .pooled)
        key.createdBlock = 1
        try journal.commit([.key(key)])
        let board = HandoutBoard()
        let agent = try KeyAgent(
            journal: journal, profiles: [fixture.ledger.settings], consumers: [], clock: SystemWallClock(),
            board: board,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        // The first commit is the audit's.
        journal.failAt(commit: 2)
        await #expect(throws: AgentError.self) { try await agent.unlock(with: wallet) }
        #expect(await agent.isLocked && board.isLocked)
        try await agent.unlock(with: wallet)
        #expect(await !agent.isLocked && !board.isLocked)
        // One that fails while the wallet is open changes nothing either.
        journal.failsAlways(true)
        try? await agent.unlock(with: wallet)
        #expect(await !agent.isLocked && !board.isLocked)
    }
}
