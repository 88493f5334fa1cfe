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
        .serving { method, params in
            func block(_ number: UInt64) -> JSON {
                guard number <= head else { return .null }
                return [
                    "number": .string(number.hexQuantity), "hash": word(UInt8(number) + fork), "parentHash": word(0),
                    "timestamp": "0x1", "gasLimit": "0x1", "gasUsed": "0x0", "transactions": [],
                    "receiptsRoot": word(0),
                    "clientsOwnField": .integer(head),
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
            let asked = node.bodies.compactMap { ScriptedTransport.requests($0.body).first }
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
