import EthereumCore
import EthereumWallet
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyCore
import OrakeyKey
import StrictJSON

/// The agent socket: keys for consumers. Everything is answered from the board, on the event loop.
struct AgentRouter: Router {
    let board: HandoutBoard
    let policy: PolicyBox
    let counters: HandoutCounters
    var proxy: ProxyContext? = nil
    let responses = KeyResponses()

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
                return try key(exchange)
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

    func answer(_ exchange: Exchange) async throws -> Answer {
        throw Refusal(.notFound, "there is nothing at this path")
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
        case .denied:
            counters.countDenied()
            throw Refusal(
                .forbidden, "no consumer in the configuration matches this process (uid \(exchange.peer.userID))",
                hint: "an operator can add one under consumers: in orakeyd.yaml")
        }
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

    private func key(_ exchange: Exchange) throws -> Answer {
        let (consumer, network) = try authorise(exchange)
        let handout = try read(consumer, network)
        counters.countServed(consumer, network)
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
        headers["accept"].contains { $0.utf8.elementsEqual("text/plain".utf8) || $0.hasPrefix("text/plain") }
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
        let board = board
        let policy = policy
        let peer = exchange.peer
        let allocator = exchange.allocator
        return .stream { writer in
            let number = board.watch { event in
                // A reload may have taken the consumer away from whoever listens.
                let verdict = policy.current.authorise(peer, consumer: consumer, network: network)
                guard verdict == .granted(consumer: consumer, network: network) else { return writer.end() }
                switch event {
                case .key(let handout) where handout.consumer == consumer && handout.network.description == network:
                    writer.send("key", data: Self.body(handout, allocator, newline: false))
                case .revoked(let name, let on, let fingerprint, let message)
                where name == consumer && on.description == network:
                    let data = RevokedEvent(
                        network: network, consumer: consumer, message: message.hex, fingerprint: fingerprint.description
                    )
                    writer.send("revoked", data: allocator.buffer(bytes: data.json.serialize()))
                case .locked: writer.send("locked", data: allocator.buffer(string: "{}"))
                default: break
                }
            }
            switch board.read(consumer: consumer, network: network) {
            case .key(let handout): writer.send("key", data: Self.body(handout, allocator, newline: false))
            case .locked: writer.send("locked", data: allocator.buffer(string: "{}"))
            case .noKey, .stale: writer.comment()
            }
            return { board.endWatch(number) }
        }
    }

    private func health() -> Answer {
        let health: Health
        if board.isLocked {
            health = Health(ErrorBody(.locked, "the wallet is locked", hint: "orakey unlock"))
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
