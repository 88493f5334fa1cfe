import EthereumCore
import Foundation
import OrakeyKey
import StrictJSON
import Testing

@testable import OrakeyGateway

@Suite struct KeyStoreTests {
    private let path = NSTemporaryDirectory() + "gateway-\(UUID().uuidString).sqlite"

    private func store(_ database: GatewayDatabase, contract: UInt8 = 1, firstBlock: UInt64 = 0) throws -> KeyStore {
        try database.keys(of: try NetworkName("BASE"), chainID: 1, contract: address(contract), firstBlock: firstBlock)
    }

    private func everything(_ store: KeyStore) throws -> [Bytes32: KeyTable.State] {
        var found: [Bytes32: KeyTable.State] = [:]
        try store.forEachKeys { for change in $0 { found[change.message] = change.state } }
        return found
    }

    /// A chain that grows and is thrown back at random: what the changes add up to, what the store holds and what the
    /// chain's events say are the same at every step.
    @Test(arguments: 0..<4) func changesAddUpToTheChain(run: Int) throws {
        let database = try GatewayDatabase(path: path + "\(run)")
        defer { try? database.close() }
        let store = try store(database)
        var chain: [KeyEvent] = []
        var marks = BlockMarks()
        var told: [Bytes32: KeyTable.State] = [:]
        var head: UInt64 = 0
        func tell(_ changes: [KeyChange]) { for change in changes { told[change.message] = change.state } }
        for _ in 0..<120 {
            if head > 0, Int.random(in: 0..<4) == 0 {
                head = UInt64.random(in: 0..<head)
                chain.removeAll { $0.block > head }
                marks.rewind(to: head)
                tell(try store.rewind(to: head))
            }
            head += UInt64.random(in: 1...3)
            let events = (0..<Int.random(in: 0...4)).map { _ in
                KeyEvent(
                    kind: Bool.random() ? .created : .disabled, owner: address(1),
                    message: word(UInt64.random(in: 1...30)), block: head)
            }
            chain += events
            marks.append(BlockMark(number: head, hash: word(head)))
            tell(try store.take(events, marks: marks))
            // An answer that comes twice changes nothing.
            tell(try store.take(events, marks: marks))

            var model: [Bytes32: KeyTable.State] = [:]
            for event in chain where model[event.message] != .disabled {
                let first = chain.first { $0.message == event.message && $0.kind == .created }
                model[event.message] =
                    event.kind == .disabled ? .disabled : .created(block: first?.block ?? event.block)
            }
            for event in chain where event.kind == .disabled { model[event.message] = .disabled }
            #expect(told == model)
            #expect(try everything(store) == model)
            #expect(try store.marks() == marks.all)
        }
        #expect(try !store.rewind(to: nil).isEmpty || chain.isEmpty)
        #expect(try everything(store).isEmpty && store.marks().isEmpty)
    }

    @Test func anotherDeploymentStartsAnew() throws {
        let database = try GatewayDatabase(path: path)
        defer { try? database.close() }
        let event = KeyEvent(kind: .created, owner: address(1), message: word(1), block: 5)
        let marks = BlockMarks([BlockMark(number: 5, hash: word(5))])
        _ = try store(database).take([event], marks: marks)
        #expect(try everything(store(database)).count == 1)
        #expect(try everything(store(database, contract: 2)).isEmpty)
        // And the first one does not come back with its old rows.
        #expect(try everything(store(database)).isEmpty)
        _ = try store(database, contract: 3, firstBlock: 4).take([event], marks: marks)
        #expect(try everything(store(database, contract: 3, firstBlock: 5)).count == 1, "nothing is missing")
        #expect(try everything(store(database, contract: 3, firstBlock: 3)).isEmpty, "older events are missing")
    }

    @Test func usageAddsUpOverDays() throws {
        let database = try GatewayDatabase(path: path)
        defer { try? database.close() }
        let key = UsageKey(network: try NetworkName("BASE"), owner: address(1), model: "m")
        let count = UsageCount(requests: 2, failures: 1, promptTokens: 10, bytesIn: 5)
        for day in ["2026-11-28", "2026-11-28", "2026-11-29"] { try database.add([key: count], day: day) }
        let rows = try #require(try database.usage(day: "2026-11-28")["usage"]?.arrayValue)
        #expect(rows.count == 1)
        #expect(rows[0]["requests"]?.numberValue?.integer() == 4)
        #expect(rows[0]["prompt_tokens"]?.numberValue?.integer() == 20)
        #expect(rows[0]["owner"]?.stringValue == "\(address(1))")
        #expect(UsageKeeper.day(1_795_910_399) == "2026-11-28")
        #expect(UsageKeeper.day(1_795_910_400) == "2026-11-29")
    }
}
