import EthereumCore
import EthereumWallet
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyCore
import OrakeyKey
import OrakeyProxy
import PrometheusText
import StrictJSON

/// The control socket: what operators may do. The socket's mode keeps others out; the peer's user is checked as well.
struct ControlRouter: Router {
    let agent: KeyAgent
    let context: ControlContext
    let metrics: MetricsSource
    var proxy: ProxyContext? = nil
    /// Told of every command; looking on is none.
    let activity: Activity
    let denials: DenialBook

    var peerNeeds: PeerNeeds { PeerNeeds(groups: !context.allowedGroups.isEmpty, processDetails: false) }
    /// Raised when the service is to end.
    let stopping = StopSignal()

    func stop() { stopping.raise() }

    func admits(_ peer: Peer) -> Bool {
        let isOperator =
            peer.userID == 0 || context.allowedUsers.contains(peer.userID)
            || peer.groupIDs.contains { context.allowedGroups.contains($0) }
        if !isOperator { denials.count(peer, reason: "no operator on the control socket") }
        return isOperator
    }

    func answerAtOnce(_ exchange: Exchange) -> Answer? { nil }

    func answer(_ exchange: Exchange) async throws -> Answer {
        if exchange.method != .GET { activity.note() }
        return try await Requester.$current.withValue(Requester(exchange.peer)) { try await route(exchange) }
    }

    private func route(_ exchange: Exchange) async throws -> Answer {
        let segments = exchange.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(
            String.init)
        switch (exchange.method, segments) {
        case (.GET, ["v1", "status"]): return try await status(exchange)
        case (.GET, ["v1", "keys"]): return try await keys(exchange)
        case (.POST, ["v1", "keys"]): return try await create(exchange)
        case (.POST, ["v1", "rotate"]): return try await rotate(exchange)
        case (.POST, ["v1", "revoke"]): return try await revoke(exchange)
        case (.POST, ["v1", "reload"]): return try await reload(exchange)
        case (.POST, ["v1", "lock"]): return try await lock(exchange)
        case (.POST, ["v1", "unlock"]): return try await unlock(exchange)
        case (.POST, ["v1", "revoker"]): return try await setRevoker(exchange)
        case (.POST, ["v1", "keys", "adopt"]): return try await adopt(exchange)
        case (.POST, ["v1", "alarms", "acknowledge"]): return try await acknowledge(exchange)
        case (.GET, ["v1", "events"]): return try await events(exchange)
        case (.GET, ["metrics"]): return try await metrics(exchange)
        case (.GET, ["v1", "usage"]): return try usage(exchange)
        case (.GET, ["v1", "usage", "exchanges"]): return try exchanges(exchange)
        case (.GET, ["v1", "intents"]): return try await intents(exchange)
        case (.GET, ["v1", "audit"]): return try await audit(exchange)
        case (.GET, let path) where path.count == 3 && path[0] == "v1" && path[1] == "intents":
            return try await intent(exchange, path[2])
        case (.GET, let path) where path.count == 4 && path[0] == "v1" && path[1] == "keys" && path[3] == "proof":
            return try await proof(exchange, path[2])
        case (.POST, let path) where path.count == 4 && path[0] == "v1" && path[1] == "intents":
            return try await steer(exchange, path[2], path[3])
        default:
            guard let allowed = Self.methods(of: segments) else {
                throw Refusal(.notFound, "there is nothing at this path", hint: "orakeyd(8) lists the calls")
            }
            throw Refusal(
                .methodNotAllowed, "this path does not take \(exchange.method.rawValue)", hint: "it takes \(allowed)",
                allow: allowed)
        }
    }

    /// The methods of a path; nil where there is nothing.
    private static func methods(of path: [String]) -> String? {
        switch path {
        case ["v1", "keys"]: "GET, POST"
        case ["v1", "status"], ["v1", "intents"], ["v1", "events"], ["metrics"], ["v1", "usage"],
            ["v1", "usage", "exchanges"], ["v1", "audit"]:
            "GET"
        case ["v1", "rotate"], ["v1", "revoke"], ["v1", "lock"], ["v1", "unlock"], ["v1", "revoker"], ["v1", "reload"],
            ["v1", "keys", "adopt"], ["v1", "alarms", "acknowledge"]:
            "POST"
        case let path where path.count == 3 && path.starts(with: ["v1", "intents"]): "GET"
        case let path where path.count == 4 && path.starts(with: ["v1", "intents"]) && steering.contains(path[3]):
            "POST"
        case let path where path.count == 4 && path.starts(with: ["v1", "keys"]) && path[3] == "proof": "GET"
        default: nil
        }
    }

    // MARK: - Reading

    private func status(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        return .json(.ok, await currentStatus().json)
    }

    private func currentStatus() async -> Status {
        Wire.status(
            version: context.version, startedAt: context.startedAt, now: await agent.now,
            isLocked: await agent.isLocked, revoker: await agent.revokerAddress,
            networks: await agent.networkStatus(),
            dormant: agent.dormant.map(\.description), consumers: await agent.consumerStatus())
    }

    private func metrics(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        let text = try await metrics.text()
        return .bytes(
            .ok, contentType: MetricsText.contentType,
            exchange.allocator.buffer(string: text))
    }

    private func events(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        let agent = agent
        let allocator = exchange.allocator
        return .stream { writer in
            writer.comment()
            let number = agent.listen { event in
                let (name, json) = Wire.event(event)
                writer.send(name, data: allocator.buffer(bytes: json.serialize()))
            }
            return { agent.endListening(number) }
        }
    }

    private func keys(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery("after", "limit", "state")
        let after = try exchange.integer("after", in: 0...Int64.max) ?? 0
        let limit = Int(try exchange.integer("limit", in: 1...1000) ?? 100)
        var state: OrakeyCore.KeyState?
        if let text = exchange.query["state"] {
            guard let known = Wire.keyState(text) else {
                let names = OrakeyCore.KeyState.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal(.badRequest, "no such state", hint: "states: \(names)")
            }
            state = known
        }
        let page = try await agent.keys(after: after, limit: limit + 1, state: state)
        let shown = page.prefix(limit)
        let next = page.count > limit ? shown.last.map { String($0.cursor) } : nil
        return .json(.ok, KeyList(keys: shown.map { Wire.key($0.key) }, next: next).json)
    }

    private func intents(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery("after", "limit")
        let before = try exchange.integer("after", in: 0...Int64.max)
        let limit = Int(try exchange.integer("limit", in: 1...1000) ?? 100)
        let page = try await agent.intents(before: before, limit: limit + 1)
        let shown = page.prefix(limit)
        let next = page.count > limit ? shown.last.map { String($0.0.id) } : nil
        return .json(.ok, IntentList(intents: shown.map { Wire.intent($0.0, $0.1) }, next: next).json)
    }

    /// Newest first; with `after` from there on, oldest first, for whoever follows the audit.
    private func audit(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery("after", "before", "limit")
        let after = try exchange.integer("after", in: 0...Int64.max)
        let before = try exchange.integer("before", in: 0...Int64.max)
        let limit = Int(try exchange.integer("limit", in: 1...1000) ?? 100)
        let page: [AuditEntry]
        switch (after, before) {
        case (let after?, nil): page = try await agent.auditEntries(after: after, limit: limit + 1)
        case (nil, let before): page = try await agent.auditEntries(before: before, limit: limit + 1)
        case (_?, _?): throw Refusal(.badRequest, "after and before exclude each other")
        }
        let shown = page.prefix(limit)
        let next = page.count > limit ? shown.last.map { String($0.sequence) } : nil
        return .json(.ok, AuditList(records: try shown.map(Wire.auditRecord), next: next).json)
    }

    private func intent(_ exchange: Exchange, _ text: String) async throws -> Answer {
        try exchange.allowQuery()
        guard let id = Int64(text), id > 0 else { throw Refusal(.unknownIntent, "no such intent") }
        let (intent, slot) = try await agent.intent(id)
        return .json(.ok, Wire.intent(intent, slot).json)
    }

    // MARK: - Doing

    private func create(_ exchange: Exchange) async throws -> Answer {
        let wait = try waitOption(exchange)
        let request = try parse(exchange, CreateRequest.init(json:))
        let accepted = try await agent.create(
            network: try network(request.network), count: request.count, tag: try tag(exchange))
        return try await reply(accepted, wait)
    }

    private func rotate(_ exchange: Exchange) async throws -> Answer {
        let wait = try waitOption(exchange)
        let request = try parse(exchange, RotateRequest.init(json:))
        let accepted = try await agent.rotate(
            consumer: request.consumer, network: try network(request.network),
            graceSeconds: request.graceSeconds.map(Int64.init), tag: try tag(exchange))
        return try await reply(accepted, wait)
    }

    private func revoke(_ exchange: Exchange) async throws -> Answer {
        let wait = try waitOption(exchange)
        let request = try parse(exchange, RevokeRequest.init(json:))
        let target = try target(of: request.selector)
        let accepted = try await agent.revoke(
            target, network: try network(request.network), reason: request.reason, tag: try tag(exchange))
        return try await reply(accepted, wait)
    }

    private func setRevoker(_ exchange: Exchange) async throws -> Answer {
        let wait = try waitOption(exchange)
        let request = try parse(exchange, RevokerRequest.init(json:))
        let address: Address
        do { address = try request.address.map { try Address($0) } ?? .zero } catch {
            throw Refusal(.badRequest, "address: \(error)")
        }
        let accepted = try await agent.setRevoker(
            network: try network(request.network), address: address, tag: try tag(exchange))
        return try await reply(accepted, wait)
    }

    private func adopt(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        let request = try parse(exchange, AdoptRequest.init(json:))
        let fingerprints = try await agent.adopt(
            try target(of: request.selector), network: try network(request.network))
        return .json(.ok, ["fingerprints": .array(fingerprints.map { .string($0) })])
    }

    private func acknowledge(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        let request = try parse(exchange, AcknowledgeRequest.init(json:))
        guard let code = OrakeyCore.Alarm.Code(rawValue: request.code) else {
            let names = OrakeyCore.Alarm.Code.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(.badRequest, "no such alarm", hint: "alarms: \(names)")
        }
        try await agent.acknowledge(code, network: try network(request.network))
        return .json(.ok, ["status": "acknowledged"])
    }

    private func steer(_ exchange: Exchange, _ text: String, _ verb: String) async throws -> Answer {
        try exchange.allowQuery()
        guard Self.steering.contains(verb) else { throw Refusal(.notFound, "an intent takes speedup and cancel") }
        try requireNoFields(exchange)
        guard let id = Int64(text), id > 0 else { throw Refusal(.unknownIntent, "no such intent") }
        switch verb {
        case "speedup":
            let (intent, slot) = try await agent.speedUp(id)
            return .json(.accepted, Wire.intent(intent, slot).json)
        default:
            let (intent, slot) = try await agent.cancel(id)
            return .json(.accepted, Wire.intent(intent, slot).json)
        }
    }

    private static let steering: Set<String> = ["speedup", "cancel"]

    private func requireNoFields(_ exchange: Exchange) throws {
        guard try exchange.json() == .object([:]) else { throw Refusal(.badRequest, "this call takes no fields") }
    }

    private func reload(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        try requireNoFields(exchange)
        do { try await context.reload() } catch let error as ReloadRefused {
            throw Refusal(.conflict, error.description, hint: "nothing was changed; mend the file, or restart orakeyd")
        }
        return .json(.ok, ["status": "reloaded"])
    }

    private func proof(_ exchange: Exchange, _ text: String) async throws -> Answer {
        try exchange.allowQuery()
        guard let fingerprint = try? Fingerprint(parsing: text) else {
            throw Refusal(.badRequest, "fingerprint must be SHA256: and 16 hex digits")
        }
        do {
            return .json(.ok, try await context.proof(try await agent.key(fingerprint)))
        } catch let error as AgentError {
            throw error
        } catch {
            throw Refusal(
                .chainUnavailable, "the proof can't be made: \(error)",
                hint: "the endpoint must still have the block and all its receipts")
        }
    }

    private func lock(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        guard try exchange.json() == .object([:]) else {
            throw Refusal(.badRequest, "lock takes no fields: it always locks the whole wallet")
        }
        await agent.lock()
        return .json(.ok, LockAnswer(state: .locked).json)
    }

    private func unlock(_ exchange: Exchange) async throws -> Answer {
        try exchange.allowQuery()
        guard exchange.headers["content-type"].first == "application/octet-stream" else {
            throw Refusal(
                .badRequest, "the body is the passphrase itself, with Content-Type: application/octet-stream",
                hint: "orakey unlock does it")
        }
        guard (1...1024).contains(exchange.body.readableBytes) else {
            throw Refusal(.badRequest, "the passphrase must have 1 to 1024 bytes")
        }
        let passphrase = unsafe exchange.body.withUnsafeReadableBytes { unsafe SecretBytes(copying: $0) }
        try await context.unlock(passphrase)
        return .json(.ok, LockAnswer(state: .unlocked).json)
    }

    // MARK: - Parts

    private func target(of selector: RevokeRequest.Selector) throws -> KeyAgent.RevocationTarget {
        switch selector {
        case .key(let key): return .key(SecretBytes(copying: Array(key.text.utf8)))
        case .message(let text):
            guard let message = try? Bytes32(hex: text) else {
                throw Refusal(.badRequest, "message must be 0x and 64 hex digits")
            }
            return .message(message)
        case .fingerprint(let text):
            guard let fingerprint = try? Fingerprint(parsing: text) else {
                throw Refusal(.badRequest, "fingerprint must be SHA256: and 16 hex digits")
            }
            return .fingerprint(fingerprint)
        case .consumer(let name): return .consumer(name)
        case .all: return .all
        }
    }

    private func parse<T>(_ exchange: Exchange, _ read: (JSON) throws(JSONError) -> T) throws -> T {
        do {
            return try read(try exchange.json())
        } catch let error as JSONError {
            throw Refusal(.badRequest, "\(error)")
        }
    }

    private func network(_ name: String?) throws -> NetworkName? {
        guard let name else { return nil }
        guard let network = try? NetworkName(name) else {
            throw Refusal(.badRequest, "network must be 1 to 32 of A-Z, 0-9 and _")
        }
        return network
    }

    private func tag(_ exchange: Exchange) throws -> KeyAgent.IdempotencyTag? {
        let keys = exchange.headers["idempotency-key"]
        guard let key = keys.first else { return nil }
        guard keys.count == 1, (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Refusal(.badRequest, "Idempotency-Key must be 1 to 128 visible ASCII characters")
        }
        let request =
            Array(exchange.method.rawValue.utf8) + Array(exchange.path.utf8) + [0] + exchange.body.readableBytesView
        return KeyAgent.IdempotencyTag(key: key, request: SHA256.hash(request))
    }

    /// How long the caller wants to wait for confirmation, in seconds; nil for not at all.
    private func waitOption(_ exchange: Exchange) throws -> Int64? {
        try exchange.allowQuery("wait", "timeout")
        let timeout = try exchange.integer("timeout", in: 0...ServerLimits.longestWait)
        guard let wait = exchange.query["wait"] else {
            if timeout != nil { throw Refusal(.badRequest, "timeout goes with wait=confirmed") }
            return nil
        }
        guard wait == "confirmed" else { throw Refusal(.badRequest, "wait must be \"confirmed\"") }
        return timeout ?? 300
    }

    /// 202 at once; when asked to wait, 200 when all that falls due in that time has ended well, 202 when the time is up
    /// or the service is to end.
    private func reply(_ accepted: KeyAgent.Accepted, _ wait: Int64?) async throws -> Answer {
        let body = Wire.accepted(accepted).json
        guard let wait else { return .json(.accepted, body) }
        let vigil = try await withThrowingTaskGroup(of: Vigil?.self) { group in
            group.addTask { [agent] in try await agent.waitForEnd(of: accepted, within: wait) }
            group.addTask {
                try await Task.sleep(for: .seconds(wait))
                return nil
            }
            group.addTask { [stopping] in
                await stopping.wait()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let vigil, vigil.isOver else { return .json(.accepted, body) }
        guard vigil.isGood else {
            throw Refusal(
                .conflict, "an intent failed or was cancelled", hint: "orakey intents list says which and why")
        }
        // Keys and intents that did not exist when the call was accepted have names now.
        var final = accepted
        final.fingerprints += try await agent.successors(of: accepted.awaiting)
        if final.fingerprints.isEmpty { final.fingerprints = try await agent.fingerprints(ofIntents: final.intents) }
        final.intents += vigil.found
        return .json(.ok, Wire.accepted(final).json)
    }
}
