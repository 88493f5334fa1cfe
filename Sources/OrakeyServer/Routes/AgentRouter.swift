import EthereumCore
import EthereumWallet
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyConfig
import OrakeyCore
import OrakeyKey
import StrictJSON

/// The agent socket: keys for consumers. Everything is answered from the board, on the event loop, save for the first
/// hand-out of a key to a process, which the audit has to hold before.
struct AgentRouter: Router {
    let board: HandoutBoard
    let policy: PolicyBox
    let counters: HandoutCounters
    let responses = KeyResponses()
    let auditor: HandoutAuditor
    var proxy: ProxyContext? = nil
    let limiter = RateLimiter()
    /// Nanoseconds of a clock that never goes back.
    var clock: @Sendable () -> UInt64 = { NIODeadline.now().uptimeNanoseconds }

    var peerNeeds: PeerNeeds {
        let policy = policy.current
        return PeerNeeds(groups: policy.needsGroups, processDetails: policy.needsProcessDetails)
    }

    func admits(_ peer: Peer) -> Bool { true }

    func answerAtOnce(_ exchange: Exchange) -> Answer? {
        do {
            switch exchange.path {
            case "/v1/key":
                try require(.GET, exchange)
                let handout = try handout(for: exchange, isLimited: true)
                switch auditor.gate.admit(handout, to: exchange.peer) {
                case .counted: return answer(with: handout, exchange)
                case .first: return nil
                case .closed: throw Self.notAudited
                }
            case "/v1/watch":
                try require(.GET, exchange)
                return try watch(exchange)
            case "/v1/health":
                try require(.GET, exchange)
                try exchange.allowQuery()
                return health()
            case "/v1/token":
                try require(.POST, exchange)
                return try token(exchange)
            default:
                throw Refusal(
                    .notFound, "there is nothing at this path",
                    hint: "GET /v1/key, /v1/watch or /v1/health, POST /v1/token")
            }
        } catch let refusal as Refusal {
            if refusal.body.code != .forbidden { counters.countRefused(refusal.body.codeText) }
            return .failure(refusal)
        } catch {
            return .failure(ErrorBody(.internalError, "an internal error"))
        }
    }

    /// The first hand-out of a key to a process.
    func answer(_ exchange: Exchange) async throws -> Answer {
        do {
            var handout = try handout(for: exchange)
            for _ in 0..<Self.mostChanges {
                do { try await auditor.record(handout, to: exchange.peer) } catch { throw Self.notAudited }
                // Meanwhile the key may have been revoked, or a reload may have shut the process out.
                let current = try self.handout(for: exchange)
                if current.fingerprint == handout.fingerprint { return answer(with: current, exchange) }
                handout = current
            }
            throw Refusal(.noKey, "the key changes faster than it can be handed out", hint: "try again")
        } catch let refusal as Refusal {
            if refusal.body.code != .forbidden { counters.countRefused(refusal.body.codeText) }
            throw refusal
        }
    }

    /// How often a key may change while its hand-out is being recorded.
    private static let mostChanges = 8

    private static var notAudited: Refusal {
        Refusal(
            .auditUnavailable, "the audit can't be written, and no key is handed out without it",
            hint: "free disk space, or set audit.required to false in orakeyd.yaml")
    }

    private func require(_ method: HTTPMethod, _ exchange: Exchange) throws {
        guard exchange.method == method else {
            throw Refusal(.methodNotAllowed, "this path takes \(method.rawValue) only", allow: method.rawValue)
        }
    }

    /// The one consumer the request is for. Every hand-out goes through here.
    func authorise(
        _ exchange: Exchange, allowing more: String...
    ) throws -> (consumer: String, network: String) {
        try exchange.allowQuery(["consumer", "network"] + more)
        switch policy.current.authorise(
            exchange.peer, consumer: exchange.query["consumer"], network: exchange.query["network"])
        {
        case .granted(let consumer, let network): return (consumer, network)
        case .ambiguous(let names):
            throw Refusal(
                .ambiguous, "several keys fit: \(names.joined(separator: ", "))",
                hint: "narrow the request with ?consumer= or ?network=")
        case .denied(let denial):
            counters.countDenied()
            auditor.denials.count(exchange.peer, reason: denial.description)
            let asked = exchange.query["consumer"] ?? exchange.query["network"]
            let what = asked == nil ? "no consumer in the configuration" : "no consumer of that name and network"
            throw Refusal(
                .forbidden, "\(what) matches this process (uid \(exchange.peer.userID))",
                hint: "an operator can add one under consumers: in orakeyd.yaml")
        }
    }

    /// Holds the consumer to its rate.
    private func limit(_ consumer: String, _ network: String, _ peer: Peer) throws {
        guard let limit = policy.current.rateLimit(of: consumer, network: network),
            let wait = limiter.take(consumer, network, limit, at: clock())
        else { return }
        auditor.denials.count(peer, reason: "\(consumer): more than \(limit.perSecond) requests a second")
        throw Refusal(
            .rateLimited, "\(consumer) asks more often than its \(limit.perSecond) times a second",
            hint: "ask once and keep the key, or follow GET /v1/watch",
            retryAfter: Int((wait + 999_999_999) / 1_000_000_000))
    }

    private func read(_ consumer: String, _ network: String) throws -> Handout {
        switch board.read(consumer: consumer, network: network) {
        case .key(let handout): return handout
        case .locked: throw Refusal(.locked, "the wallet is locked", hint: "an operator can unlock it: orakey unlock")
        case .noKey:
            throw Refusal(
                .noKey, "\(consumer) has no key on \(network) yet",
                hint: "one is being created; try again in a few blocks")
        case .stale:
            throw Refusal(
                .chainStale, "the view of \(network) is older than the configuration allows",
                hint: "the chain can't be reached; orakey status says more")
        }
    }

    /// - Parameter isLimited: whether this counts as one of the consumer's requests.
    private func handout(for exchange: Exchange, isLimited: Bool = false) throws -> Handout {
        let (consumer, network) = try authorise(exchange)
        if isLimited { try limit(consumer, network, exchange.peer) }
        return try read(consumer, network)
    }

    private func answer(with handout: Handout, _ exchange: Exchange) -> Answer {
        counters.countServed(handout.consumer, handout.network.description)
        if wantsText(exchange.headers) {
            var buffer = exchange.allocator.buffer(capacity: handout.key.count + 1)
            unsafe handout.key.withUnsafeBytes { unsafe _ = buffer.writeBytes($0) }
            buffer.writeInteger(UInt8(ascii: "\n"))
            return .bytes(.ok, contentType: "text/plain; charset=us-ascii", buffer)
        }
        return .bytes(
            .ok, contentType: "application/json", Self.body(handout, exchange.allocator, newline: true))
    }

    private func wantsText(_ headers: HTTPHeaders) -> Bool {
        // Types are the same in any case (RFC 9110, section 8.3.1).
        headers["accept"].contains { $0.lowercased().hasPrefix("text/plain") }
    }

    static func body(_ handout: Handout, _ allocator: ByteBufferAllocator, newline: Bool) -> ByteBuffer {
        let (before, after) = Wire.details(handout).bodyAroundKey
        var buffer = allocator.buffer(capacity: before.count + handout.key.count + after.count + 1)
        buffer.writeBytes(before)
        unsafe handout.key.withUnsafeBytes { unsafe _ = buffer.writeBytes($0) }
        buffer.writeBytes(after)
        if newline { buffer.writeInteger(UInt8(ascii: "\n")) }
        return buffer
    }

    private func watch(_ exchange: Exchange) throws -> Answer {
        let (consumer, network) = try authorise(exchange)
        try limit(consumer, network, exchange.peer)
        let feed = WatchFeed(
            consumer: consumer, network: network, peer: exchange.peer, board: board, policy: policy, auditor: auditor)
        return .stream { writer in feed.start(writer) }
    }

    private func health() -> Answer {
        let health: Health
        if board.isLocked {
            health = Health(ErrorBody(.locked, "the wallet is locked", hint: "orakey unlock"))
        } else if auditor.isClosed {
            health = Health(Self.notAudited.body)
        } else if board.isAnyStale {
            health = Health(ErrorBody(.chainStale, "the view of the chain is too old", hint: "orakey status"))
        } else if !board.hasKeys {
            health = Health(ErrorBody(.noKey, "no consumer has a key yet", hint: "orakey status"))
        } else {
            health = .ok
        }
        return .json(.init(statusCode: health.httpStatus), health.json)
    }
}
