import CurlHTTP
import Dispatch
import EthereumWallet
public import HTTPRelay
public import Logging
import OrakeyConfig
public import OrakeyCore
import OrakeyKey

/// Puts a consumer's current key on its requests, so that no program ever sees one.
public final class ProxyHandler: RelayHandler {
    /// Fields of a request that end here: credentials that are not ours to pass on, and what was meant for this proxy.
    static let endHere = [
        "authorization", "api-key", "x-api-key", "cookie", "cookie2", Admission.consumerField, Admission.networkField,
        // Usage is read out of the answers as they pass.
        "accept-encoding",
    ]
    /// Fields of an answer that would speak to the caller in the upstream's name.
    static let notForCallers = [
        "alt-svc", "set-cookie", "set-cookie2", "strict-transport-security", fingerprintField.lowercased(),
    ]
    /// Names the key that was on the request.
    static let fingerprintField = "X-Orakey-Fingerprint"
    /// Seconds after which a consumer without a key may ask again: about a block.
    private static let keyWait = 2

    let board: HandoutBoard
    let policy: PolicyBox
    let auditor: HandoutAuditor
    let limiter = RateLimiter()
    let admission: Admission
    let holdBack = HoldBack()
    let usage: UsageBook
    private let upstream: Upstream
    let log: Logger
    let clock = ContinuousClock()
    let wallClock: any WallClock

    public init(
        board: HandoutBoard, policy: PolicyBox, auditor: HandoutAuditor, tokens: TokenMint, usage: UsageBook,
        upstream: Upstream, clock: any WallClock, log: Logger
    ) {
        self.board = board
        self.policy = policy
        self.auditor = auditor
        self.usage = usage
        self.upstream = upstream
        self.log = log
        wallClock = clock
        admission = Admission(policy: policy, tokens: tokens, denials: auditor.denials, now: { clock.now })
    }

    public func refusal(of problem: RequestProblem) -> RelayAnswer { ProxyRefusal(problem).answer }

    public func handle(_ request: RelayRequest, _ answer: AnswerWriter) async {
        let caller: Admission.Caller
        let first: Handout
        do throws(ProxyRefusal) {
            caller = try admission.caller(of: request)
            if let wait = holdBack.wait(of: caller.name, at: clock.now) { throw Self.heldBack(wait) }
            try limit(caller)
            first = try await key(for: caller)
        } catch {
            return answer.send(error.answer)
        }
        let name = caller.name
        var meter = ExchangeMeter(name, time: wallClock.now)
        do throws(ProxyRefusal) {
            let payload = try await Self.payload(of: request)
            try await relay(request, payload, caller, first, &meter, answer)
        } catch {
            answer.send(error.answer)
            tell(error, meter)
            note(meter, status: error.status, scheme: nil)
        }
    }

    // MARK: Keys

    /// Holds the consumer to its rate, as the agent socket does.
    private func limit(_ caller: Admission.Caller) throws(ProxyRefusal) {
        guard let (limit, wait) = overLimit(caller.name) else { return }
        let name = caller.name
        auditor.denials.count(caller.peer, reason: "proxy: more than \(limit.perSecond) requests a second")
        throw ProxyRefusal(
            429, "rate_limited", "\(name.consumer) asks more often than its \(limit.perSecond) times a second",
            retryAfter: Int((wait + 999_999_999) / 1_000_000_000), mayRetry: true)
    }

    /// Takes one request out of the consumer's rate; the nanoseconds to wait where it is used up.
    func overLimit(_ name: ConsumerName) -> (limit: RateLimit, wait: UInt64)? {
        guard let limit = policy.current.rateLimit(of: name.consumer, network: name.network),
            let wait = limiter.take(name.consumer, name.network, limit, at: DispatchTime.now().uptimeNanoseconds)
        else { return nil }
        return (limit, wait)
    }

    /// How often a key may change while its use is being recorded.
    private static let mostChanges = 8

    /// The key that goes on a request. The first use by a process is on record before.
    func key(for caller: Admission.Caller) async throws(ProxyRefusal) -> Handout {
        var handout = try key(of: caller.name)
        for _ in 0..<Self.mostChanges {
            switch auditor.gate.admit(handout, to: caller.peer) {
            case .counted: return handout
            case .closed: throw Self.notAudited
            case .first: break
            }
            do { try await auditor.record(handout, to: caller.peer) } catch { throw Self.notAudited }
            // Meanwhile the key may have been revoked.
            let current = try key(of: caller.name)
            if current.fingerprint == handout.fingerprint { return current }
            handout = current
        }
        throw ProxyRefusal(503, "no_key", "the key changes faster than it can be recorded", mayRetry: true)
    }

    private static var notAudited: ProxyRefusal {
        ProxyRefusal(
            503, "audit_unavailable", "the audit can't be written, and no key is used without it", mayRetry: true)
    }

    private func key(of name: ConsumerName) throws(ProxyRefusal) -> Handout {
        switch board.read(consumer: name.consumer, network: name.network) {
        case .key(let handout): return handout
        case .locked:
            throw ProxyRefusal(423, "locked", "the wallet is locked; an operator can unlock it: orakey unlock")
        case .noKey:
            throw ProxyRefusal(
                503, "no_key", "\(name.consumer) has no key on \(name.network) yet; one is being created",
                retryAfter: Self.keyWait, mayRetry: true)
        case .stale:
            throw ProxyRefusal(
                503, "chain_stale", "the view of \(name.network) is older than the configuration allows",
                retryAfter: Self.keyWait, mayRetry: true)
        }
    }

    private static func heldBack(_ wait: Duration) -> ProxyRefusal {
        // Rounded up: whoever comes a moment early would be refused again.
        let seconds = Int(wait.components.seconds) + (wait.components.attoseconds > 0 ? 1 : 0)
        return ProxyRefusal(
            429, "rate_limited", "the upstream has told this consumer to wait", retryAfter: max(1, seconds),
            mayRetry: true)
    }

    /// The upstream has told this consumer to wait.
    func hold(_ caller: Admission.Caller, retryAfter: String?, date: String?) {
        let wait = retryAfter.flatMap { RetryAfter.parse($0, date: date) }
        holdBack.hold(caller.name, for: wait, at: clock.now)
    }

    private static func payload(of request: RelayRequest) async throws(ProxyRefusal) -> Payload {
        do throws(RequestProblem) { return try await Payload.read(request) } catch { throw ProxyRefusal(error) }
    }

    // MARK: Relaying

    private func relay(
        _ request: RelayRequest, _ payload: Payload, _ caller: Admission.Caller, _ first: Handout,
        _ meter: inout ExchangeMeter, _ answer: AnswerWriter
    ) async throws(ProxyRefusal) {
        let upload = payload.upload()
        let tally = UploadPump.Tally()
        // Ends with this function: an answer may come before the body's end, and what was not sent by then never is.
        async let _: Void = UploadPump.run(payload, into: upload, tally)
        if let bytes = payload.bytes { meter.sends(bytes) }
        meter.fingerprint = first.fingerprint.description
        var response: UpstreamAnswer
        do throws(ProxyRefusal) {
            response = try await send(request, first, upload)
        } catch {
            throw tally.current.problem.map { ProxyRefusal($0) } ?? error
        }
        // The key may have been rotated or revoked since it was read. Nothing was answered yet, and whoever refuses a
        // key bills nothing under it.
        if response.status == 401, payload.isReplayable {
            let second = try await key(for: caller)
            if second.fingerprint != first.fingerprint {
                meter.fingerprint = second.fingerprint.description
                response = try await send(request, second, payload.upload())
            }
        }
        if response.status == 429 {
            hold(caller, retryAfter: response.headers["retry-after"], date: response.headers["date"])
        }
        let isWhole = await pass(response, &meter, answer)
        if case .streamed = payload { meter.sendsStreamed(tally.current.bytes, hash: tally.current.hash) }
        note(
            meter, status: isWhole ? response.status : 0, scheme: response.headers[ExchangeHashes.field])
    }

    private func send(
        _ request: RelayRequest, _ handout: Handout, _ upload: HTTPUpload?
    ) async throws(ProxyRefusal) -> UpstreamAnswer {
        let key = handout.key
        let secret = unsafe HTTPSecretField("Authorization", prefix: "Bearer ") { use in
            unsafe key.withUnsafeBytes { unsafe use($0) }
        }
        do throws(HTTPError) {
            return try await upstream.send(
                method: request.method, target: request.target, headers: request.headers, dropping: Self.endHere,
                secret: secret, upload: upload)
        } catch {
            throw ProxyRefusal(error)
        }
    }

    /// Passes an answer on as it comes; false when it broke off on either side.
    private func pass(
        _ response: UpstreamAnswer, _ meter: inout ExchangeMeter, _ answer: AnswerWriter
    ) async -> Bool {
        let isStream = response.isEventStream
        meter.answers(asStream: isStream)
        var headers = HopByHop.strip(response.headers, dropping: Self.notForCallers)
        headers.append(HTTPField(Self.fingerprintField, meter.fingerprint))
        // A stream may get an event more than the upstream announced.
        answer.start(status: response.status, headers: headers, length: isStream ? nil : response.length)
        var events = EventStreamGuard()
        var pieces = response.body.makeAsyncIterator()
        do throws(HTTPError) {
            while let piece = try await pieces.next() {
                meter.receives(piece)
                guard await Self.write(isStream ? events.pass(piece) { meter.receives(line: $0) } : piece, answer)
                else { return false }
            }
            guard isStream else {
                answer.finish()
                return true
            }
            if response.endsWithConnection, !events.isDone {
                throw HTTPError(malformed: "the upstream closed the connection in the middle of a stream")
            }
            guard await Self.write(events.rest(), answer) else { return false }
            answer.finish()
            return true
        } catch {
            tell(error, meter)
            guard isStream else {
                // Its length, or its last chunk, is missing: the caller can tell.
                answer.cut()
                return false
            }
            _ = await Self.write(events.breakOff(ProxyRefusal(breakingOff: error).event), answer)
            answer.finish()
            return false
        }
    }

    /// False when the caller is gone.
    private static func write(_ piece: [UInt8], _ answer: AnswerWriter) async -> Bool {
        do throws(RequestProblem) {
            try await answer.write(piece)
            return true
        } catch {
            return false
        }
    }

    // MARK: Records

    func tell(_ refusal: ProxyRefusal, _ meter: ExchangeMeter) {
        log.notice(
            "proxy: not relayed",
            metadata: [
                "consumer": "\(meter.name.consumer)", "fingerprint": "\(meter.fingerprint)", "code": "\(refusal.code)",
                "reason": "\(refusal.message)",
            ])
    }

    func tell(_ error: HTTPError, _ meter: ExchangeMeter) {
        log.notice(
            "proxy: answer broke off",
            metadata: [
                "consumer": "\(meter.name.consumer)", "fingerprint": "\(meter.fingerprint)", "reason": "\(error)",
            ])
    }

    func note(_ meter: ExchangeMeter, status: Int, scheme: String?) {
        usage.add(EndedExchange(meter: meter, status: status, scheme: scheme))
    }
}
