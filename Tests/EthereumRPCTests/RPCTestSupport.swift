import EthereumCore
import EthereumRPC
import Foundation
import StrictJSON
import Synchronization

/// An endpoint whose answers a test writes. Everything that it is sent is kept.
final class ScriptedTransport: RPCTransport {
    typealias Answer = Result<RPCTransportAnswer, RPCError>

    private struct State {
        var requests: [RPCTransportRequest] = []
        var script: @Sendable ([JSON], Int) -> Answer
    }

    private let state: Mutex<State>

    /// The closure gets the requests of a body (one, or the batch's) and the number of bodies so far.
    init(_ script: @escaping @Sendable ([JSON], Int) -> Answer) { state = Mutex(State(script: script)) }

    /// Bodies so far.
    var bodies: [RPCTransportRequest] { state.withLock { $0.requests } }
    /// Methods asked so far, one for each body; batches joined by `+`.
    var methods: [String] {
        bodies.map { body in Self.requests(body.body).map { $0["method"]?.stringValue ?? "?" }.joined(separator: "+") }
    }

    func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        let (script, count) = state.withLock { state in
            state.requests.append(request)
            return (state.script, state.requests.count)
        }
        return try script(Self.requests(request.body), count).get()
    }

    static func requests(_ body: [UInt8]) -> [JSON] {
        guard let json = try? JSON.parse(body) else { return [] }
        return json.arrayValue ?? [json]
    }
}

extension ScriptedTransport {
    /// An endpoint that serves chain 1 and answers other methods through `answer`; nil results in `null`.
    static func serving(
        chain: UInt64 = 1, _ answer: @escaping @Sendable (String, [JSON]) -> Reply = { _, _ in .result("0x1") }
    ) -> ScriptedTransport {
        ScriptedTransport { requests, _ in reply(to: requests, chain: chain, answer) }
    }

    enum Reply {
        case result(JSON)
        case error(Int, String, data: JSON? = nil)
    }

    static func reply(
        to requests: [JSON], chain: UInt64 = 1, _ answer: (String, [JSON]) -> Reply
    ) -> Answer {
        let answers = requests.map { request -> JSON in
            let method = request["method"]?.stringValue ?? ""
            if method == "eth_chainId" { return self.answer(request, .result(.string(chain.hexQuantity))) }
            return self.answer(request, answer(method, request["params"]?.arrayValue ?? []))
        }
        return .success(RPCTransportAnswer(body: (answers.count == 1 ? answers[0] : .array(answers)).serialize()))
    }

    static func answer(_ request: JSON, _ reply: Reply) -> JSON {
        var object = JSONObject([("jsonrpc", "2.0"), ("id", request["id"] ?? .null)])
        switch reply {
        case .result(let result): object["result"] = result
        case .error(let code, let message, let data):
            var error = JSONObject([("code", .integer(code)), ("message", .string(message))])
            if let data { error["data"] = data }
            object["error"] = .object(error)
        }
        return .object(object)
    }
}

/// Time that passes only when somebody sleeps.
final class ManualClock: RPCClock {
    private let state = Mutex<(now: Duration, sleeps: [Duration])>((.zero, []))

    var now: Duration { state.withLock { $0.now } }
    var jitter: Double { 1 }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.now += duration
            state.sleeps.append(duration)
        }
    }

    func advance(by duration: Duration) { state.withLock { $0.now += duration } }
}

/// A client of chain 1 over these transports, in order.
func makeClient(
    _ transports: [ScriptedTransport], clock: ManualClock = ManualClock(), options: RPCOptions = RPCOptions()
) throws -> RPCClient {
    let endpoints = try transports.indices.map { try RPCEndpoint("http://endpoint-\($0).invalid/secret-\($0)") }
    let map = Dictionary(uniqueKeysWithValues: zip(endpoints.map(\.description), transports))
    return try RPCClient(endpoints: endpoints, chainID: 1, options: options, clock: clock) { endpoint in
        map[endpoint.description] ?? transports[0]
    }
}

/// What a call throws.
func failure<T>(_ call: () async throws(RPCError) -> T) async -> RPCError? {
    do throws(RPCError) {
        _ = try await call()
        return nil
    } catch {
        return error
    }
}

/// Inputs of a fuzz run: some in the everyday tests, a million with ORAKEY_FUZZ=1000000, as in the other modules.
let fuzzRounds = ProcessInfo.processInfo.environment["ORAKEY_FUZZ"].flatMap { Int($0) } ?? 30_000

/// A new seed for each run, printed, or that of ORAKEY_SEED.
func announcedSeed(_ what: String) -> UInt64 {
    let given = ProcessInfo.processInfo.environment["ORAKEY_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: .min ... .max)
    print("\(what): ORAKEY_SEED=\(seed)")
    return seed
}

/// The folder of test vectors next to the repository; nil where there is none.
let vectorsFolder: String? = {
    let fromEnvironment = ProcessInfo.processInfo.environment["ORAKEY_VECTORS"]
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = fromEnvironment ?? root.deletingLastPathComponent().appendingPathComponent("shared/vectors").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
}()

/// A flag that a test flips under a running script.
final class Switch: Sendable {
    private let state: Mutex<Bool>
    init(_ isOn: Bool) { state = Mutex(isOn) }
    var isOn: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// A door that a test opens once somebody stands before it.
actor Gate {
    private var isOpen = false
    private var isReached = false
    private var inside: [CheckedContinuation<Void, Never>] = []
    private var watching: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        isReached = true
        for watcher in watching { watcher.resume() }
        watching = []
        if !isOpen { await withCheckedContinuation { inside.append($0) } }
    }

    func reached() async {
        if !isReached { await withCheckedContinuation { watching.append($0) } }
    }

    func open() {
        isOpen = true
        for waiter in inside { waiter.resume() }
        inside = []
    }
}

/// An endpoint of chain 1 behind a gate.
struct GatedTransport: RPCTransport {
    let gate: Gate

    func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        await gate.pass()
        return try ScriptedTransport.reply(to: ScriptedTransport.requests(request.body)) { _, _ in .result("0x1") }
            .get()
    }
}

/// An endpoint that never answers.
struct HungTransport: RPCTransport {
    func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        try? await Task.sleep(for: .seconds(86_400))
        throw RPCError(.cancelled)
    }
}

/// An endpoint that the others are faster than.
struct LateTransport: RPCTransport {
    let transport: any RPCTransport

    func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        try? await Task.sleep(for: .milliseconds(50))
        return try await transport.send(request)
    }
}
