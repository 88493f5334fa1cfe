import Synchronization

/// How an endpoint of a client is doing.
public struct RPCEndpointStatus: Sendable, Equatable {
    /// Scheme, host and port.
    public let endpoint: String
    /// Whether requests go there now: neither out of order nor on the wrong chain.
    public let isUsable: Bool
    /// 1 for an endpoint that always answers, 0 for one that never does.
    public let score: Double
    /// Smoothed time of an exchange, in seconds.
    public let latency: Double
    /// Exchanges that gave an answer that could be used.
    public let answers: UInt64
    /// Exchanges that failed.
    public let failures: UInt64
    /// The last failure; nil after an answer.
    public let lastError: RPCError?
    /// Times in a row that it was behind what is known of the chain.
    public let lags: Int
}

/// One endpoint with what is known of it.
final class EndpointNode: Sendable {
    /// How long an endpoint on the wrong chain is left alone before it is looked at again.
    static let wrongChainPause = Duration.seconds(30)

    enum ChainState: Sendable {
        /// Not looked at since the last failure or new connection.
        case unknown
        /// Somebody is looking; the others wait.
        case checking([UInt64: CheckedContinuation<Void, Never>])
        case right
        case wrong(RPCError, until: Duration)
    }

    private struct State {
        var health: EndpointHealth
        var chain = ChainState.unknown
        /// A connection was opened while somebody was looking: what the look finds may be about another one.
        var isOvertaken = false
        var batchSize: Int
        var lastError: RPCError?
        var answers: UInt64 = 0
        var failures: UInt64 = 0
        var nextWaiter: UInt64 = 0
    }

    let index: Int
    let name: String
    private let secrets: EndpointSecrets
    let transport: any RPCTransport
    private let clock: any RPCClock
    private let state: Mutex<State>

    init(
        index: Int, endpoint: RPCEndpoint, transport: any RPCTransport, options: RPCOptions, clock: any RPCClock
    ) {
        self.index = index
        name = endpoint.description
        secrets = EndpointSecrets(endpoint)
        self.transport = transport
        self.clock = clock
        state = Mutex(State(health: EndpointHealth(limits: options.breaker), batchSize: max(1, options.batchSize)))
    }

    /// How many requests go into one body; shrinks where the endpoint refuses batches.
    var batchSize: Int { state.withLock { $0.batchSize } }

    /// Halves the batch below one of `count` that was refused.
    func shrinkBatch(below count: Int) { state.withLock { $0.batchSize = min($0.batchSize, max(1, count / 2)) } }

    var penalty: Int {
        let now = clock.now
        return state.withLock { $0.health.penalty(at: now) }
    }

    /// When it may be asked again; nil when at once.
    var closedUntil: Duration? {
        let now = clock.now
        return state.withLock { state in
            let closed = state.health.closedUntil(now)
            guard case .wrong(_, let until) = state.chain, until > now else { return closed }
            return max(closed ?? .zero, until)
        }
    }

    var status: RPCEndpointStatus {
        let now = clock.now
        return state.withLock { state in
            var isUsable = state.health.closedUntil(now) == nil
            if case .wrong = state.chain { isUsable = false }
            return RPCEndpointStatus(
                endpoint: name, isUsable: isUsable, score: state.health.score(at: now), latency: state.health.latency,
                answers: state.answers, failures: state.failures, lastError: state.lastError,
                lags: state.health.lagsInARow)
        }
    }

    /// Sends one body; a failure is recorded here, a usable answer by ``succeeded(since:)``.
    func exchange(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        let answer: RPCTransportAnswer
        do throws(RPCError) {
            answer = try await transport.send(request)
        } catch {
            let named = named(error)
            failed(named)
            throw named
        }
        if answer.status == 429 {
            let error = RPCError(.rateLimited(retryAfter: answer.retryAfter), endpoint: name)
            failed(error)
            throw error
        }
        return answer
    }

    /// The error with this endpoint's name, and without its credentials.
    func named(_ error: RPCError) -> RPCError { secrets.redacted(error).at(name) }

    /// Records a failure that was found in an answer.
    func failed(_ error: RPCError) {
        // The caller's wish, not the endpoint's doing.
        if error.kind == .cancelled { return }
        let now = clock.now
        state.withLock { state in
            state.lastError = error
            state.failures += 1
            if case .rateLimited(let pause) = error.kind {
                state.health.record(.limited(pause ?? .seconds(1)), at: now)
            } else if let pause = error.retryAfter {
                state.health.record(.limited(pause), at: now)
            }
            guard error.isEndpointFault else { return }
            state.health.record(.fault, at: now)
            // Whoever answers next may be somebody else.
            if case .right = state.chain { state.chain = .unknown }
        }
    }

    /// Whether others are to be asked first because it lags.
    var isAside: Bool {
        let now = clock.now
        return state.withLock { $0.health.isAside(at: now) }
    }

    /// Records how many blocks it is behind what is known of the chain.
    func found(behind blocks: UInt64) {
        let now = clock.now
        state.withLock { $0.health.found(behind: blocks, at: now) }
    }

    /// Records an answer that could be used, to a request begun at `start`.
    func succeeded(since start: Duration) {
        let now = clock.now
        state.withLock { state in
            state.lastError = nil
            state.answers += 1
            state.health.record(.answer(seconds: (now - start) / .seconds(1)), at: now)
        }
    }

    // MARK: Chain

    /// A connection was opened: whoever is behind it has to say which chain it serves.
    func forgetChain() {
        state.withLock { state in
            switch state.chain {
            case .right: state.chain = .unknown
            case .checking: state.isOvertaken = true
            case .unknown, .wrong: break
            }
        }
    }

    /// Makes sure that the endpoint serves the chain; one caller looks, others wait for it.
    func ensureChain(_ look: () async throws(RPCError) -> RPCError?) async throws(RPCError) {
        while true {
            switch claim() {
            case .right: return
            case .wrong(let error): throw error
            case .look:
                do throws(RPCError) {
                    let wrong = try await look()
                    let until = clock.now + Self.wrongChainPause
                    settle(wrong.map { .wrong($0, until: until) } ?? .right)
                    guard let wrong else { return }
                    failed(wrong)
                    throw wrong
                } catch {
                    settle(.unknown, unlessSettled: true)
                    throw error
                }
            case .wait(let number):
                await withTaskCancellationHandler {
                    await withCheckedContinuation { enqueue($0, number) }
                } onCancel: {
                    dequeue(number)
                }
                if Task.isCancelled { throw RPCError(.cancelled, endpoint: name) }
            }
        }
    }

    /// Waits for whoever is looking, unless that is over by now or the waiting task is cancelled.
    private func enqueue(_ continuation: CheckedContinuation<Void, Never>, _ number: UInt64) {
        let isOver = state.withLock { state in
            guard case .checking(var waiting) = state.chain, !Task.isCancelled else { return true }
            waiting[number] = continuation
            state.chain = .checking(waiting)
            return false
        }
        if isOver { continuation.resume() }
    }

    private func dequeue(_ number: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .checking(var waiting) = state.chain else { return nil }
            defer { state.chain = .checking(waiting) }
            return waiting.removeValue(forKey: number)
        }
        continuation?.resume()
    }

    private enum Claim { case right, look, wait(UInt64), wrong(RPCError) }

    private func claim() -> Claim {
        let now = clock.now
        return state.withLock { state in
            switch state.chain {
            case .right: return .right
            case .wrong(let error, let until) where until > now: return .wrong(error)
            case .checking:
                state.nextWaiter += 1
                return .wait(state.nextWaiter)
            case .unknown, .wrong:
                state.chain = .checking([:])
                state.isOvertaken = false
                return .look
            }
        }
    }

    private func settle(_ chain: ChainState, unlessSettled: Bool = false) {
        let waiting = state.withLock { state -> [UInt64: CheckedContinuation<Void, Never>] in
            guard case .checking(let waiting) = state.chain else {
                if !unlessSettled { state.chain = chain }
                return [:]
            }
            if case .right = chain, state.isOvertaken { state.chain = .unknown } else { state.chain = chain }
            return waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }
}
