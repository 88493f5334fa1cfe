import CurlHTTP
import EthereumCore
import StrictJSON
import Testing

@testable import EthereumRPC

@Suite struct RPCClientTests {
    private let account = Address.zero

    // MARK: Chain

    @Test func asksForTheChainOnceBeforeAnythingElse() async throws {
        let endpoint = ScriptedTransport.serving()
        let client = try makeClient([endpoint])
        #expect(try await client.send(.blockNumber) == 1)
        #expect(try await client.send(.blockNumber) == 1)
        #expect(endpoint.methods == ["eth_chainId", "eth_blockNumber", "eth_blockNumber"])
    }

    @Test func neverUsesAnEndpointOfAnotherChain() async throws {
        let wrong = ScriptedTransport.serving(chain: 2)
        let clock = ManualClock()
        let alone = try makeClient([wrong], clock: clock)
        #expect(
            await failure { () throws(RPCError) in try await alone.send(.blockNumber) }?.kind
                == .wrongChain(expected: 1, found: 2))
        #expect(
            await failure { () throws(RPCError) in try await alone.send(.sendRawTransaction([1])) }?.kind
                == .wrongChain(expected: 1, found: 2))
        #expect(wrong.methods == ["eth_chainId"])
        #expect(alone.endpointStatuses.map(\.isUsable) == [false])
        // Looked at again after a while.
        clock.advance(by: .seconds(31))
        _ = await failure { () throws(RPCError) in try await alone.send(.blockNumber) }
        #expect(wrong.methods == ["eth_chainId", "eth_chainId"])
        let right = ScriptedTransport.serving()
        let both = try makeClient([.serving(chain: 2), right])
        #expect(try await both.send(.blockNumber) == 1)
    }

    @Test func asksAgainAfterAFailure() async throws {
        let endpoint = ScriptedTransport { requests, count in
            if count == 3 { return .failure(RPCError(.transport("reset"), mayHaveTakenEffect: true)) }
            return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") }
        }
        let client = try makeClient([endpoint])
        _ = try await client.send(.blockNumber)
        _ = try await client.send(.blockNumber)
        #expect(
            endpoint.methods
                == ["eth_chainId", "eth_blockNumber", "eth_blockNumber", "eth_chainId", "eth_blockNumber"])
    }

    @Test func anAnswerOverANewConnectionWaitsForTheChain() async throws {
        let endpoint = ScriptedTransport { requests, count in
            let chain: UInt64 = count > 3 ? 2 : 1
            return ScriptedTransport.reply(to: requests, chain: chain) { _, _ in .result("0x1") }.map { answer in
                var answer = answer
                answer.openedConnection = count == 1 || count == 3
                return answer
            }
        }
        let client = try makeClient([endpoint])
        #expect(try await client.send(.blockNumber) == 1)
        #expect(
            await failure { () throws(RPCError) in try await client.send(.blockNumber) }?.kind
                == .wrongChain(expected: 1, found: 2))
        #expect(endpoint.methods == ["eth_chainId", "eth_blockNumber", "eth_blockNumber", "eth_chainId"])
    }

    @Test func concurrentFirstRequestsAskForTheChainOnce() async throws {
        let endpoint = ScriptedTransport.serving()
        let client = try makeClient([endpoint])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = try? await client.send(.blockNumber) } }
        }
        #expect(endpoint.methods.filter { $0 == "eth_chainId" }.count == 1)
    }

    @Test func aConnectionOpenedDuringTheLookIsLookedAtAsWell() async throws {
        let node = EndpointNode(
            index: 0, endpoint: try RPCEndpoint("http://x.invalid"), transport: ScriptedTransport.serving(),
            options: RPCOptions(), clock: ManualClock())
        var looks = 0
        func look() async throws(RPCError) {
            try await node.ensureChain { () throws(RPCError) -> RPCError? in
                looks += 1
                if looks == 1 { node.forgetChain() }
                return nil
            }
        }
        for _ in 0..<3 { try await look() }
        #expect(looks == 2)
    }

    @Test func waitingForTheChainEndsWithTheTask() async throws {
        let gate = Gate()
        let endpoint = GatedTransport(gate: gate)
        let client = try RPCClient(endpoints: [try RPCEndpoint("http://x.invalid")], chainID: 1) { _ in endpoint }
        let looking = Task { await failure { () throws(RPCError) in try await client.send(.blockNumber) } }
        await gate.reached()
        let waiting = Task { await failure { () throws(RPCError) in try await client.send(.blockNumber) } }
        waiting.cancel()
        #expect(await waiting.value?.kind == .cancelled)
        await gate.open()
        #expect(await looking.value == nil)
    }

    // MARK: Retries and failover

    @Test func readsAreRepeatedWithGrowingWaits() async throws {
        let endpoint = ScriptedTransport { requests, count in
            if count < 4 { return .failure(RPCError(.timeout("slow"), mayHaveTakenEffect: true)) }
            return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") }
        }
        let clock = ManualClock()
        let client = try makeClient([endpoint], clock: clock)
        #expect(try await client.send(.blockNumber) == 1)
        #expect(clock.sleeps == [.milliseconds(250), .milliseconds(500), .seconds(1)])
    }

    @Test func givesUpAfterTheAttempts() async throws {
        let dead = ScriptedTransport { _, _ in .failure(RPCError(.transport("no route"))) }
        let client = try makeClient([dead])
        let error = await failure { () throws(RPCError) in try await client.send(.blockNumber) }
        #expect(error?.kind == .transport("no route"))
        #expect(error?.mayHaveTakenEffect == false)
        #expect(error?.endpoint == "http://endpoint-0.invalid")
        #expect(dead.bodies.count == 4)
    }

    @Test func movesOnToTheNextEndpointAtOnce() async throws {
        let dead = ScriptedTransport { _, _ in .failure(RPCError(.transport("no route"))) }
        let garbage = ScriptedTransport { _, _ in .success(RPCTransportAnswer(body: Array("<html>".utf8))) }
        let broken = ScriptedTransport { _, _ in .success(RPCTransportAnswer(status: 502, body: [])) }
        let good = ScriptedTransport.serving()
        let clock = ManualClock()
        let client = try makeClient([dead, garbage, broken, good], clock: clock)
        #expect(try await client.send(.blockNumber) == 1)
        #expect(clock.sleeps.isEmpty)
        // Once they are known as bad they are not asked first any more.
        for _ in 0..<10 { #expect(try await client.send(.blockNumber) == 1) }
        #expect(dead.bodies.count <= 3)
        #expect(client.endpointStatuses.map(\.isUsable).last == true)
        #expect(client.endpointStatuses[3].lastError == nil)
        #expect(client.endpointStatuses[0].lastError?.kind == .transport("no route"))
    }

    @Test func anOpenCircuitIsPassedOverAndProbedLater() async throws {
        let failing = Switch(true)
        let first = ScriptedTransport { requests, _ in
            if failing.isOn { return .failure(RPCError(.transport("down"))) }
            return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") }
        }
        let second = ScriptedTransport.serving { _, _ in .result("0x2") }
        let clock = ManualClock()
        var options = RPCOptions()
        options.breaker = BreakerLimits(failures: 1, cooldown: .seconds(2), longestCooldown: .seconds(2))
        let client = try makeClient([first, second], clock: clock, options: options)
        #expect(try await client.send(.blockNumber) == 2)
        #expect(try await client.send(.blockNumber) == 2)
        #expect(first.bodies.count == 1)
        failing.isOn = false
        clock.advance(by: .seconds(31))
        #expect(try await client.send(.blockNumber) == 1)
    }

    @Test func honoursRetryAfter() async throws {
        let limited = ScriptedTransport { requests, count in
            if count == 2 { return .success(RPCTransportAnswer(status: 429, body: [], retryAfter: .seconds(3))) }
            if count == 4 { return .success(RPCTransportAnswer(status: 429, body: [], retryAfter: .seconds(300))) }
            return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") }
        }
        let clock = ManualClock()
        let client = try makeClient([limited], clock: clock)
        #expect(try await client.send(.blockNumber) == 1)
        #expect(clock.sleeps == [.seconds(3)])
        let error = await failure { () throws(RPCError) in try await client.send(.blockNumber) }
        #expect(error?.kind == .rateLimited(retryAfter: .seconds(300)))
        #expect(error?.retryAfter == .seconds(300))
        #expect(clock.sleeps.count == 1)
    }

    @Test func whatTheEndpointMeansIsNotRepeated() async throws {
        let endpoint = ScriptedTransport.serving { method, _ in
            method == "eth_call"
                ? .error(3, "execution reverted", data: "0x08c379a0") : .error(-32601, "the method does not exist")
        }
        let client = try makeClient([endpoint])
        let reverted = await failure { () throws(RPCError) in try await client.send(.call(CallRequest(to: .zero))) }
        #expect(reverted?.serverClass == .reverted)
        #expect(reverted?.revertData == [0x08, 0xC3, 0x79, 0xA0])
        let missing = await failure { () throws(RPCError) in try await client.send(.maxPriorityFeePerGas) }
        #expect(missing?.serverClass == .methodNotFound)
        #expect(endpoint.methods == ["eth_chainId", "eth_call", "eth_maxPriorityFeePerGas"])
    }

    @Test func aResultOfTheWrongTypeNamesItsPlace() async throws {
        let endpoint = ScriptedTransport.serving { _, _ in .result([["address": "0x00"]]) }
        let client = try makeClient([endpoint])
        let error = await failure { () throws(RPCError) in try await client.send(.logs(LogFilter())) }
        #expect("\(String(describing: error))".contains("eth_getLogs: result[0].address"))
        let both = try makeClient([endpoint, .serving { _, _ in .result([]) }])
        #expect(try await both.send(.logs(LogFilter())).isEmpty)
    }

    // MARK: Broadcasts

    @Test func aBroadcastThatMayBeOutIsNeverRepeated() async throws {
        let failures: [(ScriptedTransport.Answer, Bool)] = [
            (.failure(RPCError(.timeout("slow"), mayHaveTakenEffect: true)), true),
            (.failure(RPCError(.transport("reset"), mayHaveTakenEffect: true)), true),
            (.success(RPCTransportAnswer(status: 502, body: [])), true),
            (.success(RPCTransportAnswer(body: Array("garbage".utf8))), true),
        ]
        for (outcome, mayBeOut) in failures {
            let first = ScriptedTransport { requests, count in
                count == 1 ? ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") } : outcome
            }
            let second = ScriptedTransport.serving()
            let client = try makeClient([first, second])
            let error = await failure { () throws(RPCError) in try await client.send(.sendRawTransaction([1, 2])) }
            #expect(error?.mayHaveTakenEffect == mayBeOut)
            #expect(first.methods == ["eth_chainId", "eth_sendRawTransaction"])
            #expect(first.bodies.map(\.isRepeatable) == [true, false])
            #expect(second.bodies.isEmpty)
        }
    }

    @Test func aBroadcastThatIsCertainlyNotOutGoesToTheNextEndpoint() async throws {
        let hash = Bytes32.zero.hex
        let failures: [ScriptedTransport.Answer] = [
            .failure(RPCError(.transport("refused"))), .success(RPCTransportAnswer(status: 429, body: [])),
            .success(RPCTransportAnswer(status: 403, body: [])),
        ]
        for outcome in failures {
            let first = ScriptedTransport { requests, count in
                count == 1 ? ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") } : outcome
            }
            let client = try makeClient([first, .serving { _, _ in .result(.string(hash)) }])
            #expect(try await client.send(.sendRawTransaction([1])) == .zero)
        }
    }

    @Test(arguments: [
        ("already known", RPCErrorClass.alreadyKnown, true), ("nonce too low", .nonceTooLow, true),
        ("VM Exception while processing transaction: reverted with reason string 'no'", .reverted, true),
        ("replacement transaction underpriced", .replacementUnderpriced, false),
        ("insufficient funds for gas * price + value", .insufficientFunds, false), ("no idea", .other, true),
    ])
    func aRefusedBroadcastTellsItsFate(message: String, expected: RPCErrorClass, mayBeOut: Bool) async throws {
        let client = try makeClient([.serving { _, _ in .error(-32000, message) }, .serving()])
        let error = await failure { () throws(RPCError) in try await client.send(.sendRawTransaction([1])) }
        #expect(error?.serverClass == expected)
        #expect(error?.mayHaveTakenEffect == mayBeOut)
    }

    // MARK: Batches

    @Test func splitsBatchesAndKeepsTheOrder() async throws {
        let endpoint = ScriptedTransport { requests, _ in
            guard requests.count > 1 else { return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") } }
            let answers = requests.reversed().map { ScriptedTransport.answer($0, .result($0["params"]?[1] ?? .null)) }
            return .success(RPCTransportAnswer(body: JSON.array(answers).serialize()))
        }
        var options = RPCOptions()
        options.batchSize = 10
        let client = try makeClient([endpoint], options: options)
        let results = try await client.batch((1...34).map { .balance(account, .number(UInt64($0))) })
        #expect(try results.map { try $0.get() } == (1...34).map { UInt256(UInt64($0)) })
        #expect(endpoint.bodies.count == 5)
        #expect(try await client.batch([RPCMethod<UInt64>]()).isEmpty)
    }

    @Test func batchesOfDifferentTypesComeBackTyped() async throws {
        let client = try makeClient([
            .serving { method, _ in
                switch method {
                case "eth_blockNumber": .result("0x10")
                case "eth_getBalance": .result("0xde0b6b3a7640000")
                case "eth_getCode": .result("0x6000")
                default: .error(-32601, "method not found")
                }
            }
        ])
        let (number, balance, code, tip) = try await client.batch(
            .blockNumber, .balance(account, .latest), .code(account), .maxPriorityFeePerGas)
        #expect(try number.get() == 16)
        #expect(try balance.get() == 1_000_000_000_000_000_000)
        #expect(try code.get() == [0x60, 0x00])
        #expect(tip.error?.serverClass == .methodNotFound)
    }

    @Test func shrinksBatchesThatAreRefused() async throws {
        let endpoint = ScriptedTransport { requests, _ in
            guard requests.count > 3 else { return ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") } }
            return .success(
                RPCTransportAnswer(
                    body: ScriptedTransport.answer(["id": nil], .error(-32600, "batch too large")).serialize()))
        }
        let clock = ManualClock()
        let client = try makeClient([endpoint], clock: clock)
        let results = try await client.batch((0..<20).map { .balance(account, .number($0)) })
        #expect(results.count == 20)
        #expect(!results.contains { !$0.isSuccess })
        #expect(clock.sleeps.isEmpty)
    }

    @Test func onlyTheRateLimitedPartOfABatchIsAskedAgain() async throws {
        let endpoint = ScriptedTransport { requests, count in
            let answers = requests.enumerated().map { index, request in
                request["method"] == "eth_chainId"
                    ? ScriptedTransport.answer(request, .result("0x1"))
                    : ScriptedTransport.answer(
                        request, count == 2 && index % 2 == 1 ? .error(-32005, "rate limit exceeded") : .result("0x5"))
            }
            return .success(RPCTransportAnswer(body: (answers.count == 1 ? answers[0] : .array(answers)).serialize()))
        }
        let client = try makeClient([endpoint])
        let results = try await client.batch((0..<4).map { .balance(account, .number($0)) })
        #expect(!results.contains { !$0.isSuccess })
        #expect(endpoint.methods.last == "eth_getBalance+eth_getBalance")
    }

    // MARK: Cancellation and redaction

    @Test func cancellationEndsTheWaits() async throws {
        let client = try makeClient([ScriptedTransport { _, _ in .failure(RPCError(.transport("down"))) }])
        let task = Task { () -> RPCError? in
            while !Task.isCancelled { await Task.yield() }
            return await failure { () throws(RPCError) in try await client.send(.blockNumber) }
        }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
    }

    @Test func showsNoCredentials() async throws {
        var endpoint = try RPCEndpoint("https://user:passw0rd@rpc.example/v3/pr0jectkey?key=qu3ry")
        endpoint.headers = [.init("Authorization", "Bearer t0ken")]
        var shown = "\(endpoint) \(String(reflecting: endpoint))"
        dump(endpoint, to: &shown)
        let client = try RPCClient(endpoints: [endpoint], chainID: 1, clock: ManualClock()) { _ in
            ScriptedTransport { _, _ in .failure(RPCError(.transport("down"))) }
        }
        if let error = await failure({ () throws(RPCError) in try await client.send(.blockNumber) }) {
            shown += "\(error) \(String(reflecting: error))"
        }
        shown += "\(client.endpointStatuses)"
        #expect(shown.contains("https://rpc.example"))
        for word in ["passw0rd", "pr0jectkey", "qu3ry", "t0ken"] { #expect(!shown.contains(word)) }
        #expect(throws: RPCError.self) { try RPCClient(endpoints: [], chainID: 1) }
        #expect(throws: RPCError.self) { try RPCEndpoint("ftp://x") }
    }
}
