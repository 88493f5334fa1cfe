import OrakeyAPI
import StrictJSON
import Testing

/// Answers keep their shape, and a client bears fields that it does not know.
struct AnswerTests {
    private static let details = KeyDetails(
        network: "BASE", owner: "0x11", message: "0x22", fingerprint: "SHA256:00", consumer: "chatbot", generation: 3,
        createdBlock: 17, notAfter: nil)

    @Test func theKeyGoesBetweenTheHalvesOfTheBody() throws {
        let (before, after) = Self.details.bodyAroundKey
        let json = try JSON.parse(before + Array("BASE:secret".utf8) + after)
        let answer = try KeyAnswer(json: json)
        #expect(answer.key == "BASE:secret")
        #expect(answer.details == Self.details)
        #expect(
            json.objectValue?.keys == [
                "key", "network", "owner", "message", "fingerprint", "consumer", "generation", "created_block",
                "not_after",
            ])
        var dumped = ""
        dump(answer, to: &dumped)
        for text in ["\(answer)", String(reflecting: answer), dumped] { #expect(!text.contains("secret")) }
    }

    @Test func everyErrorCodeHasAFittingStatus() {
        for code in ErrorCode.allCases {
            #expect([400, 401, 403, 404, 405, 408, 409, 413, 423, 429, 431, 500, 503].contains(code.status))
            #expect(code.rawValue.allSatisfy { $0.isLowercase || $0 == "_" })
        }
    }

    @Test func errorsOfANewerDaemonAreStillRead() throws {
        let json: JSON = ["error": ["code": "frozen", "message": "m", "hint": "h", "more": 1]]
        let body = try ErrorBody(json: json)
        #expect(body.code == nil && body.codeText == "frozen" && body.hint == "h")
        let known = ErrorBody(.locked, "m")
        #expect(try ErrorBody(json: known.json) == known)
    }

    @Test func health() throws {
        #expect(Health.ok.json == ["status": "ok"])
        let bad = Health(ErrorBody(.chainStale, "old", hint: "wait"))
        #expect(bad.httpStatus == 503)
        #expect(try Health(json: bad.json) == bad)
        #expect(bad.json["error"]?["code"] == "chain_stale")
    }

    @Test func keysAndIntents() throws {
        let key = KeyInfo(
            fingerprint: nil, network: "BASE", owner: "0x11", message: nil, consumer: nil, state: .pending,
            generation: nil,
            createdBlock: nil, createdTransaction: nil, disabledBlock: nil, disabledTransaction: nil, reason: nil)
        let keys = KeyList(keys: [key], next: "7")
        #expect(try KeyList(json: keys.json) == keys)
        #expect(keys.json["keys"]?[0]?["fingerprint"] == .null)
        let intent = Intent(
            id: 1, kind: .setRevoker, network: "BASE", state: .broadcast, nonce: 2,
            attempts: [Attempt(hash: "0x1", maxFee: "340282366920938463463374607431768211456", tip: "1", sentAt: 5)],
            block: nil, messages: ["0x2"], error: nil)
        let intents = IntentList(intents: [intent], next: nil)
        #expect(try IntentList(json: intents.json) == intents)
        #expect(intent.json["kind"] == "set_revoker")
        #expect(intent.json["attempts"]?[0]?["max_fee"] == "340282366920938463463374607431768211456")
    }

    @Test func unknownFieldsOfAnswersAreBorneAndUnknownStatesAreNotGuessed() throws {
        var accepted = try #require(Accepted(intents: [1], fingerprints: ["SHA256:0"]).json.objectValue)
        accepted["new"] = 1
        #expect(try Accepted(json: .object(accepted)).intents == [1])
        #expect(throws: JSONError.self) { try LockAnswer(json: ["state": "ajar"]) }
    }

    @Test func status() throws {
        let network = NetworkStatus(
            network: "BASE", chainID: 8453, contract: nil, owner: nil, head: nil, headAgeSeconds: nil, lagBlocks: nil,
            balance: "115792089237316195423570985008687907853269984665640564039457584007913129639935",
            pool: PoolStatus(ready: 1, target: 2, pending: 3), pendingIntents: 4,
            alarms: [Alarm(code: "low_balance", message: "m", since: 5)],
            endpoints: [
                EndpointStatus(url: "https://x", healthy: false, error: "e"), EndpointStatus(url: "y", healthy: true),
            ])
        let status = Status(
            version: "1", uptimeSeconds: 2, state: .locked, networks: [network],
            consumers: [ConsumerStatus(name: "a", network: "BASE", generation: nil, fingerprint: nil)])
        #expect(try Status(json: status.json) == status)
        #expect(try Status(json: JSON.parse(status.json.serialize())) == status)
    }
}
