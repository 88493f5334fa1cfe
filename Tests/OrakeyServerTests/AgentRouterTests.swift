import EthereumCore
import EthereumWallet
import Logging
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyConfig
import OrakeyKey
import StrictJSON
import Synchronization
import Testing

@testable import OrakeyCore
@testable import OrakeyServer

/// The agent socket's answers, from a board that the test fills.
@Suite struct AgentRouterTests {
    private let board = HandoutBoard()
    private let counters = HandoutCounters()
    private let sink = ScriptedSink()
    private let auditor: HandoutAuditor
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
        auditor = HandoutAuditor(
            sink: sink, clock: SystemWallClock(), isRequired: true,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        router = AgentRouter(board: board, policy: PolicyBox(policy), counters: counters, auditor: auditor)
    }

    private func handout(
        _ consumer: String, key: String = "BASE:5Fkey", fingerprint: String = "SHA256:0123456789abcdef"
    ) throws -> Handout {
        Handout(
            consumer: consumer, network: try NetworkName(Self.network), owner: .zero, message: .zero,
            fingerprint: try Fingerprint(parsing: fingerprint), generation: 3, createdBlock: 7,
            notAfter: Timestamp(milliseconds: 5_999), key: SecretBytes(copying: Array(key.utf8)))
    }

    private func open(_ handouts: Handout...) {
        board.unlock()
        handouts.forEach(board.publish)
    }

    private func ask(_ exchange: Exchange) async throws -> (status: Int, code: String?, text: String, allow: String?) {
        var given = router.answerAtOnce(exchange)
        if given == nil {
            do { given = try await router.answer(exchange) } catch let refusal as Refusal { given = .failure(refusal) }
        }
        switch try #require(given) {
        case .json(let status, let json, let allow, _):
            let code = (try? ErrorBody(json: json))?.codeText
            return (Int(status.code), code, json.text, allow)
        case .bytes(let status, _, let buffer): return (Int(status.code), nil, String(buffer: buffer), nil)
        case .stream: return (200, nil, "stream", nil)
        }
    }

    @Test func theKeyAsJSON() async throws {
        open(try handout("app"))
        let answer = try await ask(Exchange("/v1/key", user: Self.alice))
        #expect(answer.status == 200)
        let json = try JSON.parse(Array(answer.text.utf8.dropLast()))
        let key = try KeyAnswer(json: json)
        #expect(key.key == "BASE:5Fkey")
        #expect(key.details.consumer == "app" && key.details.generation == 3 && key.details.createdBlock == 7)
        #expect(key.details.notAfter == 5, "seconds, rounded down: never later than the schedule")
        #expect(answer.text.last == "\n")
    }

    @Test(arguments: ["text/plain", "Text/Plain", "text/plain; charset=utf-8", "text/plain, */*"])
    func theKeyAsText(accept: String) async throws {
        open(try handout("app"))
        #expect(
            try await ask(Exchange("/v1/key", headers: [("Accept", accept)], user: Self.alice)).text == "BASE:5Fkey\n")
    }

    @Test(arguments: ["*/*", "application/json", "text/html"])
    func otherTypesAreAnsweredWithJSON(accept: String) async throws {
        open(try handout("app"))
        #expect(
            try await ask(Exchange("/v1/key", headers: [("Accept", accept)], user: Self.alice)).text.hasPrefix(
                #"{"key":"#))
    }

    @Test func nobodyIsServedWhoIsNotNamed() async throws {
        open(try handout("app"), try handout("staff"))
        for user: UInt32 in [0, 999, 1002] {
            #expect(try await ask(Exchange("/v1/key", user: user)).code == "forbidden")
            #expect(try await ask(Exchange("/v1/watch", user: user)).code == "forbidden")
        }
        #expect(try await ask(Exchange("/v1/key?consumer=staff", user: Self.alice)).code == "forbidden")
        #expect(try await ask(Exchange("/v1/key?network=OTHER", user: Self.alice)).code == "forbidden")
        #expect(try await ask(Exchange("/v1/key", user: 1002, groups: [49, 50])).status == 200)
        #expect(counters.snapshot.denied == 8)
    }

    @Test func severalFittingConsumersAreNamed() async throws {
        open()
        let answer = try await ask(Exchange("/v1/key", user: Self.bob))
        #expect(answer.code == "ambiguous")
        #expect(answer.text.contains("both on BASE") && answer.text.contains("both on OTHER"))
        #expect(try await ask(Exchange("/v1/key?network=OTHER", user: Self.bob)).code == "no_key")
        #expect(try await ask(Exchange("/v1/key", user: Self.alice, groups: [50])).code == "ambiguous")
    }

    @Test func withoutAKey() async throws {
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "locked", "a board begins locked")
        open(try handout("staff"))
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "no_key")
        board.publish(try handout("app"))
        board.setFreshUntil(try NetworkName(Self.network), Timestamp(milliseconds: 0))
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "chain_stale")
        board.setFreshUntil(try NetworkName(Self.network), nil)
        board.withdraw(network: try NetworkName(Self.network)) { $0.consumer == "app" }
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "no_key")
        board.publish(try handout("app"))
        board.lock()
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).status == 423)
        board.unlock()
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "no_key", "a lock takes every key down")
    }

    @Test func health() async throws {
        #expect(try await ask(Exchange("/v1/health")).text.contains("locked"))
        open()
        #expect(try await ask(Exchange("/v1/health")).text.contains("no_key"))
        board.publish(try handout("app"))
        #expect(try await ask(Exchange("/v1/health")).text == #"{"status":"ok"}"#)
        board.setFreshUntil(try NetworkName(Self.network), Timestamp(milliseconds: 0))
        let answer = try await ask(Exchange("/v1/health"))
        #expect(answer.status == 503 && answer.text.contains("chain_stale"))
    }

    @Test(arguments: ["/", "/v1/keys", "/v1/status", "/v1/key/"])
    func otherPaths(path: String) async throws {
        #expect(try await ask(Exchange(path)).status == 404)
    }

    @Test(arguments: [HTTPMethod.POST, .HEAD, .PUT, .DELETE, .OPTIONS, .RAW(value: "BREW")])
    func otherMethods(method: HTTPMethod) async throws {
        for path in ["/v1/key", "/v1/watch", "/v1/health"] {
            let answer = try await ask(Exchange(path, method: method, user: Self.alice))
            #expect(answer.status == 405 && answer.allow == "GET")
        }
    }

    @Test func unknownParameters() async throws {
        open(try handout("app"))
        for path in ["/v1/key?user=1", "/v1/watch?x", "/v1/health?x=1"] {
            #expect(try await ask(Exchange(path, user: Self.alice)).code == "bad_request")
        }
    }

    // MARK: - Audit

    @Test func theFirstHandoutOfAKeyToAProcessIsRecordedBefore() async throws {
        open(try handout("app"))
        let process = try Exchange("/v1/key", user: Self.alice, process: 7)
        #expect(router.answerAtOnce(process) == nil, "it waits for its record")
        #expect(sink.names == [])
        #expect(try await ask(process).status == 200)
        #expect(sink.names == ["handed_out"])
        #expect(router.answerAtOnce(process) != nil, "repeats are answered at once")
        #expect(try await ask(Exchange("/v1/key", user: Self.alice, process: 8)).status == 200)
        #expect(sink.names == ["handed_out", "handed_out"], "another process of the same user and pid")
        board.publish(try handout("app", key: "BASE:5Fother", fingerprint: "SHA256:00000000000000ff"))
        #expect(try await ask(process).status == 200)
        #expect(sink.names.count == 3, "another key")
        await auditor.turn()
        #expect(sink.names == ["handed_out", "handed_out", "handed_out", "repeated"])
        guard case .repeated(let list) = sink.events[3] else { throw Missing() }
        #expect(list.map(\.count) == [1] && list.first?.handed.consumer == "app")
        await auditor.turn()
        #expect(sink.names.count == 4, "nothing happened since")
    }

    @Test func withoutARecordNoKey() async throws {
        open(try handout("app"))
        let known = try Exchange("/v1/key", user: Self.alice, process: 1)
        #expect(try await ask(known).status == 200)
        sink.fails = true
        let new = try Exchange("/v1/key", user: Self.alice, process: 2)
        #expect(try await ask(new).code == "audit_unavailable")
        #expect(try await ask(known).code == "audit_unavailable", "known processes have to wait as well")
        #expect(try await ask(Exchange("/v1/health")).text.contains("audit_unavailable"))
        sink.fails = false
        #expect(try await ask(known).code == "audit_unavailable", "until something was written again")
        await auditor.turn()
        #expect(try await ask(known).status == 200)
        #expect(try await ask(new).status == 200)
        #expect(sink.names == ["handed_out", "resumed", "handed_out"])
    }

    @Test func countsThatCouldNotBeWrittenAreWrittenLater() async throws {
        open(try handout("app"))
        let process = try Exchange("/v1/key", user: Self.alice, process: 1)
        for _ in 0..<4 { _ = try await ask(process) }
        sink.fails = true
        await auditor.turn()
        sink.fails = false
        await auditor.turn()
        #expect(sink.names == ["handed_out", "resumed", "repeated"])
        guard case .repeated(let list) = sink.events[2] else { throw Missing() }
        #expect(list.map(\.count) == [3])
    }

    @Test func whereTheAuditIsNotRequiredHandoutGoesOn() async throws {
        open(try handout("app"))
        let lenient = HandoutAuditor(
            sink: sink, clock: SystemWallClock(), isRequired: false,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let router = AgentRouter(
            board: board,
            policy: PolicyBox(
                Policy(consumers: [
                    ConsumerSection(
                        name: "app", network: try NetworkName(Self.network), match: PeerMatch(users: [Self.alice]))
                ])), counters: counters, auditor: lenient)
        sink.fails = true
        let exchange = try Exchange("/v1/key", user: Self.alice)
        #expect(router.answerAtOnce(exchange) == nil)
        guard case .bytes(.ok, _, _) = try await router.answer(exchange) else { throw Missing() }
        #expect(router.answerAtOnce(exchange) != nil)
    }

    @Test func aKeyThatIsRevokedWhileItsHandoutIsRecordedIsNotHandedOut() async throws {
        open(try handout("app"))
        sink.onAppend = { [board] in board.withdraw(network: must { try NetworkName(Self.network) }) { _ in true } }
        #expect(try await ask(Exchange("/v1/key", user: Self.alice)).code == "no_key")
        #expect(sink.names == ["handed_out"])
    }

    @Test func aConsumerIsHeldToItsRate() async throws {
        open(try handout("app"), try handout("staff"))
        let moment = Mutex<UInt64>(0)
        let consumers = [
            ConsumerSection(
                name: "app", network: try NetworkName(Self.network), match: PeerMatch(users: [Self.alice]),
                rateLimit: RateLimit(perSecond: 2, burst: 2)),
            ConsumerSection(name: "staff", network: try NetworkName(Self.network), match: PeerMatch(groups: [50])),
        ]
        var router = AgentRouter(
            board: board, policy: PolicyBox(Policy(consumers: consumers)), counters: counters, auditor: auditor)
        router.clock = { moment.withLock { $0 } }
        let app = try Exchange("/v1/key", user: Self.alice)
        #expect(router.answerAtOnce(app) == nil)
        _ = try await router.answer(app)
        #expect(router.answerAtOnce(app) != nil, "the record of the first is no request of its own")
        guard case .json(.tooManyRequests, _, _, let wait) = router.answerAtOnce(app) else { throw Missing() }
        #expect(wait == 1, "whole seconds, rounded up")
        guard case .json(.tooManyRequests, _, _, _) = try router.answerAtOnce(Exchange("/v1/watch", user: Self.alice))
        else { throw Missing() }
        for _ in 0..<50 {
            guard try router.answerAtOnce(Exchange("/v1/key", user: 7, groups: [50], process: 9)) == nil else {
                throw Missing()
            }
        }
        moment.withLock { $0 = 500_000_000 }
        guard case .bytes(.ok, _, _) = router.answerAtOnce(app) else { throw Missing() }
    }

    @Test func denialsAreCountedWithTheirReason() async throws {
        open()
        for _ in 0..<3 { _ = try await ask(Exchange("/v1/key", user: 999)) }
        await auditor.turn()
        _ = try await ask(Exchange("/v1/key", user: 999))
        await auditor.turn()
        #expect(sink.names == ["denied"], "the fourth waits for its minute")
        guard case .denied(let list) = sink.events[0] else { throw Missing() }
        #expect(list.map(\.count) == [3] && list.map(\.userID) == [999])
        #expect(list.first?.reason == "no consumer for this user" || list.first?.reason == "staff: not in the group")
    }

    private struct Missing: Error {}
}

/// Takes records, or does not, as the test says.
final class ScriptedSink: AuditSink {
    private struct Full: Error {}
    private struct State {
        var events: [AuditEvent] = []
        var fails = false
        var onAppend: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var events: [AuditEvent] { state.withLock { $0.events } }
    var names: [String] { events.map(\.name) }
    var fails: Bool {
        get { state.withLock { $0.fails } }
        set { state.withLock { $0.fails = newValue } }
    }
    var onAppend: (@Sendable () -> Void)? {
        get { state.withLock { $0.onAppend } }
        set { state.withLock { $0.onAppend = newValue } }
    }

    func append(_ events: [AuditEvent]) throws {
        onAppend?()
        try state.withLock { state in
            if state.fails { throw Full() }
            state.events += events
        }
    }
}

/// For constants of the tests: a value that can't fail to be made.
func must<T>(_ make: () throws -> T) -> T {
    do { return try make() } catch { preconditionFailure("\(error)") }
}
