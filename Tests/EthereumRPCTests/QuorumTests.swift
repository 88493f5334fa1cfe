import EthereumCore
import StrictJSON
import Testing

@testable import EthereumRPC

@Suite struct QuorumTests {
    private func word(_ byte: UInt8) -> JSON {
        .string("0x" + String(repeating: "0", count: 62) + (byte < 16 ? "0" : "") + String(byte, radix: 16))
    }

    /// An endpoint with blocks up to `head`, each block's hash being its number plus `fork`.
    private func node(head: UInt64, fork: UInt8 = 0, balance: String = "0x64") -> ScriptedTransport {
        .serving { method, params in self.answer(method, params, head: head, fork: fork, balance: balance) }
    }

    private func answer(
        _ method: String, _ params: [JSON], head: UInt64, fork: UInt8, balance: String = "0x64"
    ) -> ScriptedTransport.Reply {
        func block(_ number: UInt64) -> JSON {
            guard number <= head else { return .null }
            return [
                "number": .string(number.hexQuantity), "hash": word(UInt8(truncatingIfNeeded: number) + fork),
                "parentHash": word(0), "timestamp": "0x1", "gasLimit": "0x1", "gasUsed": "0x0", "transactions": [],
                "receiptsRoot": word(0), "clientsOwnField": .integer(head),
            ]
        }
        switch method {
        case "eth_blockNumber": return .result(.string(head.hexQuantity))
        case "eth_getBlockByNumber":
            let tag = params[0].stringValue ?? ""
            return .result(block((try? UInt64(hexQuantity: tag)) ?? head))
        case "eth_getBalance": return .result(.string(balance))
        case "eth_gasPrice": return .result("0x7")
        default: return .error(-32601, "method not found")
        }
    }

    private func client(_ nodes: [ScriptedTransport], needed: Int) throws -> RPCClient {
        var options = RPCOptions()
        options.quorum = needed
        return try makeClient(nodes, options: options)
    }

    @Test func pinsTheHeadToABlockThatEnoughEndpointsKnow() async throws {
        let nodes = [node(head: 12), node(head: 10), node(head: 11)]
        let client = try client(nodes, needed: 3)
        #expect(try await client.send(.blockNumber) == 10)
        #expect(try await client.send(.block(.latest))?.number == 10)
        #expect(try await client.send(.balance(.zero)) == 100)
        for node in nodes {
            let asked = node.bodies.flatMap { ScriptedTransport.requests($0.body) }
                .filter { $0["method"] == "eth_getBalance" }.compactMap { $0["params"]?[1] }
            #expect(asked == ["0xa"])
        }
    }

    @Test func oneLiarIsOutvoted() async throws {
        let client = try client([node(head: 10, balance: "0xffff"), node(head: 10), node(head: 10)], needed: 2)
        #expect(try await client.send(.balance(.zero, .number(5))) == 100)
        #expect(try await client.send(.balance(.zero)) == 100)
    }

    @Test func disagreementIsAnError() async throws {
        let different = try client([node(head: 10, balance: "0x1"), node(head: 10, balance: "0x2")], needed: 2)
        #expect(
            await failure { () throws(RPCError) in try await different.send(.balance(.zero, .number(5))) }?.kind
                == .noQuorum(needed: 2, agreed: 1, asked: 2))
        let forked = try client([node(head: 10), node(head: 10, fork: 1)], needed: 2)
        #expect(
            await failure { () throws(RPCError) in try await forked.send(.block(.latest)) }?.kind
                == .noQuorum(needed: 2, agreed: 1, asked: 2))
    }

    @Test func aDeadEndpointDoesNotStopTheOthers() async throws {
        let dead = ScriptedTransport { _, _ in .failure(RPCError(.transport("down"))) }
        let client = try client([dead, node(head: 10), node(head: 10)], needed: 2)
        #expect(try await client.send(.balance(.zero)) == 100)
        let (number, balance, price) = try await client.batch(.blockNumber, .balance(.zero), .gasPrice)
        #expect(try number.get() == 10)
        #expect(try balance.get() == 100)
        #expect(try price.get() == 7)
        let tooFew = try self.client([dead, dead, node(head: 10)], needed: 2)
        #expect(await failure { () throws(RPCError) in try await tooFew.send(.balance(.zero)) } != nil)
    }

    // MARK: Liars and the lame

    @Test(arguments: [1_000_000, 11, 10] as [UInt64])
    func aLiarAndAHungEndpointHoldNobodyUp(claimed: UInt64) async throws {
        let hung = HungTransport()
        let late = LateTransport(transport: node(head: 9))
        let nodes: [any RPCTransport] = [hung, node(head: claimed, fork: 7), node(head: 10), late]
        let endpoints = try nodes.indices.map { try RPCEndpoint("http://endpoint-\($0).invalid") }
        let map = Dictionary(uniqueKeysWithValues: zip(endpoints.map(\.description), nodes))
        var options = RPCOptions()
        options.quorum = 2
        let client = try RPCClient(endpoints: endpoints, chainID: 1, options: options) { endpoint in
            map[endpoint.description] ?? hung
        }
        // The hung one never answers: were it waited for, this would not end.
        #expect(try await client.send(.balance(.zero)) == 100)
        #expect(try await client.send(.blockNumber) == 9)
    }

    /// One that claims a block just above the others must not make them disagree on each read.
    @Test func anUnprovenHeadFallsBackToOneThatIsShown() async throws {
        let client = try client([node(head: 11, fork: 7), node(head: 10), node(head: 8)], needed: 2)
        #expect(try await client.send(.blockNumber) == 8)
        #expect(try await client.send(.balance(.zero)) == 100)
    }

    @Test func aResultAndItsBlockBelongTogether() async throws {
        // It reorganises while it answers: what it says next is about another block of the same number.
        let isReorganised = Switch(false)
        let moving = ScriptedTransport.serving { method, params in
            defer { if method == "eth_getBalance" { isReorganised.isOn = true } }
            return self.answer(method, params, head: 10, fork: isReorganised.isOn ? 1 : 0)
        }
        let client = try client([moving, node(head: 10)], needed: 2)
        #expect(await failure { () throws(RPCError) in try await client.send(.balance(.zero)) } != nil)
        // Once both are on the same branch again, it is agreed on.
        isReorganised.isOn = false
        let settled = try self.client([node(head: 10, fork: 1), node(head: 10, fork: 1)], needed: 2)
        #expect(try await settled.send(.balance(.zero)) == 100)
    }

    /// Where fewer than half are enough, two branches may both have enough: one of them is read, not both.
    @Test func twoBranchesAreNeverJoined() async throws {
        let limited = ScriptedTransport.serving { method, params in
            if method == "eth_getBalance" { return .error(-32005, "limit exceeded") }
            return self.answer(method, params, head: 10, fork: 0)
        }
        for _ in 0..<50 {
            let client = try client(
                [
                    node(head: 10, balance: "0xa"), limited, node(head: 10, fork: 1, balance: "0xb"),
                    node(head: 10, fork: 1, balance: "0xb"),
                ], needed: 2)
            let (block, balance) = try await client.batch(.block(.latest), .balance(.zero))
            guard let found = try? balance.get() else { continue }
            #expect(found == 11)
            #expect(try block.get()?.hash.bytes.last == 11)
        }
    }

    @Test func aBatchInPartsEndsAtTheDeadline() async throws {
        let clock = ManualClock()
        let slow = ScriptedTransport { requests, _ in
            clock.advance(by: .seconds(19))
            return ScriptedTransport.reply(to: requests) { _, _ in .result("0x64") }
        }
        var options = RPCOptions()
        (options.quorum, options.batchSize) = (2, 1)
        let client = try makeClient([slow, slow], clock: clock, options: options)
        let calls = (0..<100).map { RPCMethod<UInt256>.balance(.zero, .number(UInt64($0))) }
        let results = try? await client.batch(calls)
        #expect(results?.contains { if case .success = $0 { true } else { false } } != true)
        #expect(slow.bodies.count <= 10)
    }

    @Test func endpointsOutOfOrderAreNotAskedWhileTheOthersAreEnough() async throws {
        let dead = ScriptedTransport { _, _ in .failure(RPCError(.transport("down"))) }
        let client = try client([dead, node(head: 10), node(head: 10), node(head: 10)], needed: 3)
        for _ in 0..<100 where client.endpointStatuses[0].isUsable { _ = try await client.send(.balance(.zero)) }
        #expect(!client.endpointStatuses[0].isUsable)
        let asked = dead.bodies.count
        #expect(try await client.send(.balance(.zero)) == 100)
        #expect(dead.bodies.count == asked)
    }

    @Test func noAttemptIsBegunAfterTheDeadline() async throws {
        let clock = ManualClock()
        let slow = ScriptedTransport { _, _ in
            clock.advance(by: .seconds(70))
            return .failure(RPCError(.timeout("slow"), mayHaveTakenEffect: true))
        }
        var options = RPCOptions()
        options.quorum = 2
        let client = try makeClient([slow, node(head: 1)], clock: clock, options: options)
        #expect(await failure { () throws(RPCError) in try await client.send(.balance(.zero, .number(1))) } != nil)
        #expect(slow.bodies.count == 1)
    }

    @Test func anUnknownHeadLeavesWhatNeedsNone() async throws {
        let headless = {
            ScriptedTransport.serving { method, _ in
                method == "eth_getBalance" ? .result("0x64") : .error(-32000, "header not found")
            }
        }
        let client = try client([headless(), headless()], needed: 2)
        let (balance, number) = try await client.batch(.balance(.zero, .number(UInt64(5))), .blockNumber)
        #expect(try balance.get() == 100)
        #expect(throws: RPCError.self) { try number.get() }
    }

    @Test func oneEndpointTwiceIsNoQuorum() throws {
        var options = RPCOptions()
        options.quorum = 2
        let endpoint = try RPCEndpoint("http://one.invalid/")
        #expect(throws: RPCError.self) {
            try RPCClient(endpoints: [endpoint, endpoint], chainID: 1, options: options)
        }
    }

    @Test func agreedErrorsAreResults() async throws {
        let refusing = { ScriptedTransport.serving { _, _ in .error(3, "execution reverted", data: "0x01020304") } }
        let client = try client([refusing(), refusing()], needed: 2)
        let error = await failure { () throws(RPCError) in
            try await client.send(.call(CallRequest(to: .zero), .number(1)))
        }
        #expect(error?.revertData == [1, 2, 3, 4])
    }

    @Test func moreThanThereAreIsRefusedAtOnce() {
        #expect(throws: RPCError.self) { try client([node(head: 1)], needed: 2) }
    }
}
