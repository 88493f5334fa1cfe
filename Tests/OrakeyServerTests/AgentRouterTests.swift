import EthereumCore
import EthereumWallet
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyConfig
import OrakeyKey
import StrictJSON
import Testing

@testable import OrakeyCore
@testable import OrakeyServer

/// The agent socket's answers, from a board that the test fills.
@Suite struct AgentRouterTests {
    private let board = HandoutBoard()
    private let counters = HandoutCounters()
    private let router: AgentRouter

    private static let alice: UInt32 = 1000
    private static let bob: UInt32 = 1001
    private static let network = "BASE"

    init() throws {
        func consumer(_ name: String, _ match: PeerMatch, _ network: String = Self.network) throws -> ConsumerSection {
            ConsumerSection(name: name, network: try NetworkName(network), match: match)
        }
        let policy = Policy(consumers: [
            try consumer("app", PeerMatch(users: [Self.alice])),
            try consumer("both", PeerMatch(users: [Self.bob])),
            try consumer("both", PeerMatch(users: [Self.bob]), "OTHER"),
            try consumer("staff", PeerMatch(groups: [50])),
        ])
        router = AgentRouter(board: board, policy: PolicyBox(policy), counters: counters)
    }

    private func handout(_ consumer: String, key: String = "BASE:5Fkey") throws -> Handout {
        Handout(
            consumer: consumer, network: try NetworkName(Self.network), owner: .zero, message: .zero,
            fingerprint: try Fingerprint(parsing: "SHA256:0123456789abcdef"), generation: 3, createdBlock: 7,
            notAfter: Timestamp(milliseconds: 5_999), key: SecretBytes(copying: Array(key.utf8)))
    }

    private func open(_ handouts: Handout...) {
        board.unlock()
        handouts.forEach(board.publish)
    }

    private func ask(_ exchange: Exchange) throws -> (status: Int, code: String?, text: String, allow: String?) {
        switch try #require(router.answerAtOnce(exchange)) {
        case .json(let status, let json, let allow):
            let code = (try? ErrorBody(json: json))?.codeText
            return (Int(status.code), code, json.text, allow)
        case .bytes(let status, _, let buffer): return (Int(status.code), nil, String(buffer: buffer), nil)
        case .stream: return (200, nil, "stream", nil)
        }
    }

    @Test func theKeyAsJSON() throws {
        open(try handout("app"))
        let answer = try ask(Exchange("/v1/key", user: Self.alice))
        #expect(answer.status == 200)
        let json = try JSON.parse(Array(answer.text.utf8.dropLast()))
        let key = try KeyAnswer(json: json)
        #expect(key.key == "BASE:5Fkey")
        #expect(key.details.consumer == "app" && key.details.generation == 3 && key.details.createdBlock == 7)
        #expect(key.details.notAfter == 5, "seconds, rounded down: never later than the schedule")
        #expect(answer.text.last == "\n")
    }

    @Test(arguments: ["text/plain", "text/plain; charset=utf-8", "text/plain, */*"])
    func theKeyAsText(accept: String) throws {
        open(try handout("app"))
        #expect(try ask(Exchange("/v1/key", headers: [("Accept", accept)], user: Self.alice)).text == "BASE:5Fkey\n")
    }

    @Test(arguments: ["*/*", "application/json", "text/html"])
    func otherTypesAreAnsweredWithJSON(accept: String) throws {
        open(try handout("app"))
        #expect(
            try ask(Exchange("/v1/key", headers: [("Accept", accept)], user: Self.alice)).text.hasPrefix(#"{"key":"#))
    }

    @Test func nobodyIsServedWhoIsNotNamed() throws {
        open(try handout("app"), try handout("staff"))
        for user: UInt32 in [0, 999, 1002] {
            #expect(try ask(Exchange("/v1/key", user: user)).code == "forbidden")
            #expect(try ask(Exchange("/v1/watch", user: user)).code == "forbidden")
        }
        #expect(try ask(Exchange("/v1/key?consumer=staff", user: Self.alice)).code == "forbidden")
        #expect(try ask(Exchange("/v1/key?network=OTHER", user: Self.alice)).code == "forbidden")
        #expect(try ask(Exchange("/v1/key", user: 1002, groups: [49, 50])).status == 200)
        #expect(counters.snapshot.denied == 8)
    }

    @Test func severalFittingConsumersAreNamed() throws {
        open()
        let answer = try ask(Exchange("/v1/key", user: Self.bob))
        #expect(answer.code == "ambiguous")
        #expect(answer.text.contains("both on BASE") && answer.text.contains("both on OTHER"))
        #expect(try ask(Exchange("/v1/key?network=OTHER", user: Self.bob)).code == "no_key")
        #expect(try ask(Exchange("/v1/key", user: Self.alice, groups: [50])).code == "ambiguous")
    }

    @Test func withoutAKey() throws {
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).code == "locked", "a board begins locked")
        open(try handout("staff"))
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).code == "no_key")
        board.publish(try handout("app"))
        board.setFreshUntil(try NetworkName(Self.network), Timestamp(milliseconds: 0))
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).code == "chain_stale")
        board.setFreshUntil(try NetworkName(Self.network), nil)
        board.withdraw(network: try NetworkName(Self.network)) { $0.consumer == "app" }
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).code == "no_key")
        board.publish(try handout("app"))
        board.lock()
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).status == 423)
        board.unlock()
        #expect(try ask(Exchange("/v1/key", user: Self.alice)).code == "no_key", "a lock takes every key down")
    }

    @Test func health() throws {
        #expect(try ask(Exchange("/v1/health")).text.contains("locked"))
        open()
        #expect(try ask(Exchange("/v1/health")).text.contains("no_key"))
        board.publish(try handout("app"))
        #expect(try ask(Exchange("/v1/health")).text == #"{"status":"ok"}"#)
        board.setFreshUntil(try NetworkName(Self.network), Timestamp(milliseconds: 0))
        let answer = try ask(Exchange("/v1/health"))
        #expect(answer.status == 503 && answer.text.contains("chain_stale"))
    }

    @Test(arguments: ["/", "/v1/keys", "/v1/status", "/v1/key/"])
    func otherPaths(path: String) throws {
        #expect(try ask(Exchange(path)).status == 404)
    }

    @Test(arguments: [HTTPMethod.POST, .HEAD, .PUT, .DELETE, .OPTIONS, .RAW(value: "BREW")])
    func otherMethods(method: HTTPMethod) throws {
        for path in ["/v1/key", "/v1/watch", "/v1/health"] {
            let answer = try ask(Exchange(path, method: method, user: Self.alice))
            #expect(answer.status == 405 && answer.allow == "GET")
        }
    }

    @Test func unknownParameters() throws {
        open(try handout("app"))
        for path in ["/v1/key?user=1", "/v1/watch?x", "/v1/health?x=1"] {
            #expect(try ask(Exchange(path, user: Self.alice)).code == "bad_request")
        }
    }
}
