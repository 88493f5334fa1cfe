import EthereumCore
import StrictJSON
import Synchronization
import Testing

@testable import EthereumRPC

/// Endpoints that answer in order, but are behind the chain.
@Suite struct LagTests {
    /// An endpoint whose head a test moves.
    private final class Height: Sendable {
        private let value: Atomic<UInt64>
        init(_ value: UInt64) { self.value = Atomic(value) }
        func set(_ new: UInt64) { value.store(new, ordering: .relaxed) }
        var transport: ScriptedTransport {
            .serving { _, _ in .result(.string(self.value.load(ordering: .relaxed).hexQuantity)) }
        }
    }

    private func head(of client: RPCClient, notBelow height: UInt64) async throws -> UInt64 {
        try await client.send(.blockNumber, blocksBehind: { height - min(height, $0) })
    }

    @Test func anotherIsAskedAndPreferredForAWhile() async throws {
        let (behind, abreast) = (Height(7), Height(10))
        let transports = [behind.transport, abreast.transport]
        let clock = ManualClock()
        let client = try makeClient(transports, clock: clock)
        #expect(try await head(of: client, notBelow: 10) == 10)
        #expect(client.endpointStatuses.map(\.lags) == [1, 0])
        let asked = transports[0].bodies.count
        #expect(try await client.send(.blockNumber) == 10, "other reads go there as well")
        #expect(try await head(of: client, notBelow: 10) == 10)
        #expect(transports[0].bodies.count == asked)
        // It gets another chance, and stays aside for longer each time.
        clock.advance(by: .seconds(2))
        #expect(try await head(of: client, notBelow: 10) == 10)
        #expect(client.endpointStatuses.map(\.lags) == [2, 0])
        clock.advance(by: .seconds(2))
        let again = transports[0].bodies.count
        #expect(try await head(of: client, notBelow: 10) == 10)
        #expect(transports[0].bodies.count == again)
        behind.set(10)
        clock.advance(by: .seconds(2))
        #expect(try await head(of: client, notBelow: 10) == 10)
        #expect(client.endpointStatuses.map(\.lags) == [0, 0])
        #expect(transports[0].bodies.count > again)
    }

    @Test func aBlockOnItsWayIsNoLag() async throws {
        let (behind, abreast) = (Height(8), Height(10))
        let client = try makeClient([behind.transport, abreast.transport])
        #expect(try await head(of: client, notBelow: 10) == 10, "the other one is asked all the same")
        #expect(client.endpointStatuses.map(\.lags) == [0, 0])
    }

    @Test func whereAllAreBehindThePreferredOneAnswers() async throws {
        let client = try makeClient([Height(6).transport, Height(7).transport])
        #expect(try await head(of: client, notBelow: 10) == 6)
        #expect(client.endpointStatuses.map(\.lags) == [1, 1])
        #expect(try await client.send(.blockNumber) == 6, "it is asked all the same")
    }

    @Test func aSingleEndpointIsNotComparedWithItself() async throws {
        let client = try makeClient([Height(7).transport])
        #expect(try await head(of: client, notBelow: 10) == 7)
        #expect(client.endpointStatuses.map(\.lags) == [0])
        #expect(await client.headElsewhere(than: 7) == nil)
    }

    @Test func theOthersAreComparedInTurnWithOneCallEach() async throws {
        let transports = [Height(7), Height(9), Height(4)].map(\.transport)
        let client = try makeClient(transports)
        #expect(try await client.send(.blockNumber) == 7)
        let asked = transports[0].bodies.count
        #expect(await client.headElsewhere(than: 7) == 9)
        #expect(await client.headElsewhere(than: 7) == 4)
        #expect(transports[0].bodies.count == asked)
        #expect(client.endpointStatuses.map(\.lags) == [0, 0, 1])
    }

    @Test func oneThatDoesNotAnswerIsNoWitness() async throws {
        let broken = ScriptedTransport { _, _ in .failure(RPCError(.http(status: 500))) }
        let client = try makeClient([Height(7).transport, broken])
        #expect(await client.headElsewhere(than: 7) == nil)
        #expect(try await head(of: client, notBelow: 10) == 7)
    }
}
