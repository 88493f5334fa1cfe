/// When an endpoint is left alone.
public struct BreakerLimits: Sendable, Hashable {
    /// Faults in a row that open the circuit.
    public var failures: Int
    /// How long it stays open at first; doubles with every failed probe.
    public var cooldown: Duration
    /// How long it stays open at most.
    public var longestCooldown: Duration

    /// Limits of the circuit breaker.
    public init(failures: Int = 3, cooldown: Duration = .seconds(2), longestCooldown: Duration = .seconds(30)) {
        self.failures = failures
        self.cooldown = cooldown
        self.longestCooldown = longestCooldown
    }
}

/// What is known of an endpoint's reliability. Pure: time comes in as an argument.
struct EndpointHealth: Sendable, Equatable {
    /// Weight of the newest result in the averages.
    private static let weight = 0.2
    /// Answers slower than this count against an endpoint.
    private static let slow = 2.0
    /// The memory of failures halves in this time, so that an endpoint that others replaced gets its turn again.
    private static let halfLife = Duration.seconds(30)

    enum Outcome: Equatable {
        /// An answer after so many seconds, be it a JSON-RPC error.
        case answer(seconds: Double)
        /// No answer, or none that can be used.
        case fault
        /// Asked to stay away.
        case limited(Duration)
    }

    let limits: BreakerLimits
    private var failureRate = 0.0
    private var lastFault = Duration.zero
    private(set) var latency = 0.0
    private(set) var faultsInARow = 0
    /// Closed while nil; half open once passed: the next request is the probe.
    private(set) var openUntil: Duration?
    private(set) var limitedUntil: Duration?
    /// Times in a row that it was behind what is known of the chain.
    private(set) var lagsInARow = 0
    private var asideUntil = Duration.zero

    init(limits: BreakerLimits) { self.limits = limits }

    mutating func record(_ outcome: Outcome, at now: Duration) {
        switch outcome {
        case .answer(let seconds):
            failureRate *= 1 - Self.weight
            latency += (seconds - latency) * (latency == 0 ? 1 : Self.weight)
            faultsInARow = 0
            openUntil = nil
            limitedUntil = nil
        case .fault:
            failureRate = decayed(now)
            failureRate += (1 - failureRate) * Self.weight
            lastFault = now
            faultsInARow += 1
            guard faultsInARow >= limits.failures else { return }
            let doublings = min(20, faultsInARow - limits.failures)
            openUntil = now + min(limits.longestCooldown, limits.cooldown * (1 << doublings))
        case .limited(let pause):
            limitedUntil = max(limitedUntil ?? .zero, now + pause)
        }
    }

    /// So many blocks behind is no lag: a block takes its time from one node to the next.
    private static let blocksOnTheirWay: UInt64 = 2

    /// It is so many blocks behind what is known of the chain: others are asked first, for longer each time if that is
    /// more than blocks on their way explain.
    mutating func found(behind blocks: UInt64, at now: Duration) {
        guard blocks > 0 else {
            lagsInARow = 0
            asideUntil = .zero
            return
        }
        asideUntil = now + min(limits.longestCooldown, limits.cooldown * (1 << min(20, lagsInARow)))
        if blocks > Self.blocksOnTheirWay { lagsInARow += 1 }
    }

    /// Whether others are to be asked first because it lags.
    func isAside(at now: Duration) -> Bool { asideUntil > now }

    /// When it may be asked again; nil when at once.
    func closedUntil(_ now: Duration) -> Duration? {
        let until = max(openUntil ?? .zero, limitedUntil ?? .zero)
        return until > now ? until : nil
    }

    /// 0 for a good endpoint, rising in coarse steps: among equals the order of the configuration decides.
    func penalty(at now: Duration) -> Int { Int((decayed(now) * 4).rounded()) + (latency > Self.slow ? 1 : 0) }

    /// 1 for a good endpoint, 0 for one that never answers.
    func score(at now: Duration) -> Double { 1 - decayed(now) }

    private func decayed(_ now: Duration) -> Double {
        let halvings = (now - lastFault) / Self.halfLife
        return halvings >= 60 ? 0 : failureRate / Double(UInt64(1) << UInt64(max(0, halvings)))
    }
}
