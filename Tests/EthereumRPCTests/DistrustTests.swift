import CurlHTTP
import EthereumCore
import StrictJSON
import Testing

@testable import EthereumRPC

/// Endpoints that answer in form and lie, fall behind, or repeat what they should forget.
@Suite struct DistrustTests {
    private let zeros = String(repeating: "0", count: 64)

    // MARK: Credentials

    /// A text is cut before it is looked through, and a server may write a credential in another case.
    @Test func credentialsAreStruckOutInAnyCaseAndAtACut() throws {
        let token = "0123456789abcdef0123456789abcdef"
        let secrets = EndpointSecrets(try RPCEndpoint("https://x.test/v3/\(token)"))
        #expect(secrets.redacted("bad key \(token.uppercased())!") == "bad key <redacted>!")
        for count in 4..<32 {
            let cut = Wire.printable(String(repeating: "x", count: Wire.maxMessage - count) + token)
            #expect(secrets.redacted(cut) == String(repeating: "x", count: Wire.maxMessage - count) + "<redacted>")
        }
        #expect(secrets.redacted("nothing of it: 0123456789, ä") == "nothing of it: 0123456789, ä")
    }

    /// Names of keys are cut in messages: what is cut of a credential could not be told from other text any more.
    @Test func keysOfAnAnswerAreNotRepeated() async throws {
        let token = "0123456789abcdef0123456789abcdef"
        for count in [0, 40, 50, 60] {
            let key = String(repeating: "x", count: count) + token
            for body in ["{\"\(key)\":1,\"\(key)\":2}", "{\"\(key)\":[tru]}", "[{\"\(key)\":{\"\(key)\""] {
                let transport = ScriptedTransport { _, _ in .success(RPCTransportAnswer(body: Array(body.utf8))) }
                let client = try RPCClient(
                    endpoints: [try RPCEndpoint("https://x.test/v3/\(token)")], chainID: 1, clock: ManualClock()
                ) { _ in transport }
                let error = await failure { () throws(RPCError) in try await client.send(.blockNumber) }
                let text = "\(try #require(error))"
                #expect(!text.contains("0123"), "\(text)")
                #expect(text.contains("line 1"), "\(text)")
            }
        }
    }

    @Test(arguments: [UInt64.max, 1 << 48]) func numbersThatNoChainCountsAreRefused(number: UInt64) async throws {
        let client = try makeClient([.serving { _, _ in .result(.string(number.hexQuantity)) }])
        for method in [RPCMethod.blockNumber, .transactionCount(.zero), .estimateGas(CallRequest(to: .zero))] {
            #expect(await failure { () throws(RPCError) in try await client.send(method) } != nil)
        }
        let good = try makeClient([.serving { _, _ in .result(.string((UInt64(1) << 48 - 1).hexQuantity)) }])
        #expect(try await good.send(.blockNumber) == 1 << 48 - 1)
    }

    /// Clients write addresses in lower case, with the checksum of EIP-55, or with that of another chain (EIP-1191).
    @Test func addressesOfAnswersComeInAnyCase() throws {
        let lower = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
        let expected = try Address(lower)
        for text in [lower, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"]
        {
            #expect(try AnswerReader(.string(text)).address() == expected)
        }
        for text in [
            "", lower + "00", String(lower.dropLast(2)), String(lower.dropFirst(2)), "0X" + lower.dropFirst(2),
        ] {
            #expect(throws: RPCDecodingError.self) { try AnswerReader(.string(text)).address() }
        }
    }

    /// An endpoint whose address and header hold credentials, and which quotes them all.
    @Test(arguments: [
        "https://operator:pw%21@node.invalid/v3/0123456789abcdef?token=fedcba9876543210",
        "https://node.invalid/rpc/0123456789abcdef/v1?apikey=fedcba9876543210&x=pw%21pw%21pw%21",
    ])
    func credentialsThatAnEndpointQuotesAreStruckOut(address: String) async throws {
        let quoted =
            "no project 0123456789abcdef, token fedcba9876543210, user operator:pw!, Bearer s3cr3t-header, pw%21, Basic b3BlcmF0b3I6cHch"
        let answers: [ScriptedTransport] = [
            .serving { _, _ in .error(-32000, quoted) }, .serving { _, _ in .result([quoted: nil]) },
            ScriptedTransport { _, _ in .failure(RPCError(.transport(quoted))) },
            ScriptedTransport { _, _ in .failure(RPCError(.timeout(quoted))) },
            ScriptedTransport { _, _ in .success(RPCTransportAnswer(body: Array("{\"\(quoted)\":1".utf8))) },
            // Before the chain is known.
            ScriptedTransport { requests, _ in
                .success(
                    RPCTransportAnswer(
                        body: ScriptedTransport.answer(requests[0], .error(-32001, quoted)).serialize()))
            },
        ]
        for transport in answers {
            var endpoint = try RPCEndpoint(address)
            endpoint.headers = [HTTPField("Authorization", "Bearer s3cr3t-header")]
            let client = try RPCClient(endpoints: [endpoint], chainID: 1, clock: ManualClock()) { _ in transport }
            let error = try #require(await failure { () throws(RPCError) in try await client.send(.blockNumber) })
            let broadcast = await failure { () throws(RPCError) in try await client.send(.sendRawTransaction([1])) }
            var dumped = ""
            dump(error, to: &dumped)
            dump(broadcast, to: &dumped)
            dump(client.endpointStatuses, to: &dumped)
            dump(endpoint, to: &dumped)
            for secret in ["0123456789abcdef", "fedcba9876543210", "s3cr3t-header"] {
                #expect(!dumped.contains(secret), "\(dumped)")
            }
            if address.contains("@") { #expect(!dumped.contains("pw!") && !dumped.contains("pw%21"), "\(dumped)") }
            if address.contains("@") { #expect(!dumped.contains("b3BlcmF0b3I6cHch"), "\(dumped)") }
            #expect(error.endpoint == "https://node.invalid")
        }
    }

    @Test func namesInAnAddressAreNotSecrets() async throws {
        let endpoint = try RPCEndpoint("https://node.invalid/v3/mainnet")
        let client = try RPCClient(endpoints: [endpoint], chainID: 1, clock: ManualClock()) { _ in
            ScriptedTransport.serving { _, _ in .error(-32000, "v3 of mainnet is closed") }
        }
        let error = await failure { () throws(RPCError) in try await client.send(.blockNumber) }
        #expect(error?.description == "https://node.invalid: v3 of mainnet is closed (code -32000)")
    }

    // MARK: Failover

    @Test(arguments: [204, 301, 302, 307, 400, 402, 405, 410, 418, 451, 505])
    func aStatusIsNoReasonNotToAskTheNext(status: Int) async throws {
        let first = ScriptedTransport { _, _ in .success(RPCTransportAnswer(status: status, body: [])) }
        let clock = ManualClock()
        let client = try makeClient([first, .serving()], clock: clock)
        #expect(try await client.send(.blockNumber) == 1)
        #expect(clock.sleeps.isEmpty)
        let alone = try makeClient([first], clock: clock)
        let error = await failure { () throws(RPCError) in try await alone.send(.blockNumber) }
        #expect(error?.kind == .http(status: status))
    }

    @Test(arguments: [(301, true), (307, true), (402, true), (409, false), (408, false), (500, false), (204, false)])
    func onlyARefusedBroadcastGoesToTheNext(status: Int, movesOn: Bool) async throws {
        let first = ScriptedTransport { requests, count in
            count == 1
                ? ScriptedTransport.reply(to: requests) { _, _ in .result("0x1") }
                : .success(RPCTransportAnswer(status: status, body: []))
        }
        let hash = Bytes32.zero.hex
        let second = ScriptedTransport.serving { _, _ in .result(.string(hash)) }
        let client = try makeClient([first, second])
        let error = await failure { () throws(RPCError) in try await client.send(.sendRawTransaction([1])) }
        #expect((error == nil) == movesOn)
        #expect(error?.mayHaveTakenEffect != false)
    }

    // MARK: Quorum

    private func quorum(_ nodes: [ScriptedTransport]) throws -> RPCClient {
        var options = RPCOptions()
        options.quorum = 2
        return try makeClient(nodes, options: options)
    }

    private func word(_ number: UInt64) -> JSON {
        let digits = number.hexQuantity.dropFirst(2)
        return .string("0x" + zeros.dropFirst(digits.count) + digits)
    }

    /// The right hash does not make the rest of an answer right.
    @Test(arguments: ["blockNumber", "status", "gasUsed", "from", "contractAddress", "transactionIndex", "logs"])
    func agreementIsAboutEveryFieldOfAReceipt(field: String) async throws {
        let address = JSON.string("0x" + zeros.prefix(40))
        let honest: JSONObject = [
            "transactionHash": word(1), "blockHash": word(2), "blockNumber": "0x10", "transactionIndex": "0x0",
            "status": "0x1", "gasUsed": "0x5208", "from": address, "to": address, "contractAddress": nil,
            "logs": [
                [
                    "address": address, "topics": [word(3)], "data": "0x", "blockNumber": "0x10", "blockHash": word(2),
                    "transactionHash": word(1), "transactionIndex": "0x0", "logIndex": "0x0", "removed": false,
                ]
            ],
        ]
        var lie = honest
        switch field {
        case "blockNumber": lie[field] = "0x1"
        case "status": lie[field] = "0x0"
        case "gasUsed", "transactionIndex": lie[field] = "0x7"
        case "logs":
            guard var log = honest["logs"]?[0]?.objectValue else { return }
            log["blockNumber"] = "0x1"
            lie[field] = [.object(log)]
        default: lie[field] = .string("0x" + String(repeating: "1", count: 40))
        }
        let method = RPCMethod<Receipt?>.receipt(.zero)
        let (truth, untruth) = (JSON.object(honest), JSON.object(lie))
        let two = try quorum([.serving { _, _ in .result(truth) }, .serving { _, _ in .result(untruth) }])
        #expect(
            await failure { () throws(RPCError) in try await two.send(method) }?.kind
                == .noQuorum(needed: 2, agreed: 1, asked: 2))
        let three = try quorum([
            .serving { _, _ in .result(untruth) }, .serving { _, _ in .result(truth) },
            .serving { _, _ in .result(truth) },
        ])
        let receipt = try await three.send(method)
        #expect(receipt?.blockNumber == 16)
        #expect(receipt?.logs.first?.blockNumber == 16)
    }

    private func node(head: UInt64, time: UInt64 = 1) -> ScriptedTransport {
        let zero = word(0)
        return .serving { method, params in
            let number = (try? UInt64(hexQuantity: params.first?.stringValue ?? "")) ?? head
            guard method == "eth_getBlockByNumber", number <= head else { return .result(nil) }
            return .result([
                "number": .string(number.hexQuantity), "hash": .string("0x" + self.zeros), "parentHash": zero,
                "timestamp": .string(time.hexQuantity), "gasLimit": "0x1", "gasUsed": "0x0", "transactions": [],
                "receiptsRoot": zero,
            ])
        }
    }

    @Test(arguments: [1, 90, 100_000])
    func oneEndpointCannotHoldTheOthersBackOrDriveThemOn(liar: UInt64) async throws {
        // Whoever answers first: each place in the list, several times.
        for round in 0..<9 {
            var nodes = [node(head: 100), node(head: 100)]
            nodes.insert(node(head: liar), at: round % 3)
            #expect(try await quorum(nodes).send(.blockNumber) == 100)
        }
    }

    @Test func agreementIsAboutEveryFieldOfABlock() async throws {
        let client = try quorum([node(head: 10), node(head: 10, time: 2)])
        #expect(
            await failure { () throws(RPCError) in try await client.send(.block(.number(5))) }?.kind
                == .noQuorum(needed: 2, agreed: 1, asked: 2))
    }
}
