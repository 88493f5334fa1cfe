public import CurlHTTP

/// How a client treats its endpoints.
public struct RPCOptions: Sendable {
    /// Deadlines of one HTTP exchange.
    public var timeouts = HTTPTimeouts(connect: .seconds(5), total: .seconds(20), idle: .seconds(15))
    /// Most attempts for a read, all endpoints together.
    public var maxAttempts = 4
    /// No new attempt is begun after this time.
    public var deadline = Duration.seconds(60)
    /// Waits between rounds through the endpoints.
    public var backoff = Backoff()
    /// Most requests in one HTTP body.
    public var batchSize = 100
    /// Largest answer, in bytes.
    public var maxAnswerBytes = 32 * 1024 * 1024
    /// How many endpoints have to agree on a read; 1 asks one.
    public var quorum = 1
    /// When an endpoint counts as out of order.
    public var breaker = BreakerLimits()

    /// The usual options.
    public init() {}
}

/// Exponential waits with jitter, so that many clients do not come back in step.
public struct Backoff: Sendable, Hashable {
    /// The first wait, before jitter.
    public var first: Duration
    /// The longest wait, before jitter. A longer `Retry-After` ends the attempts instead.
    public var longest: Duration

    /// Doubling waits from `first` to `longest`.
    public init(first: Duration = .milliseconds(250), longest: Duration = .seconds(8)) {
        self.first = first
        self.longest = longest
    }

    /// The wait after round `round` (from 0): between one half and the whole of the doubled wait. `random` is from 0
    /// to 1.
    func wait(round: Int, random: Double) -> Duration {
        let full = min(longest, first * (1 << min(round, 20)))
        return full * (0.5 + 0.5 * min(1, max(0, random)))
    }
}

/// Time as the client sees it; tests move it themselves.
public protocol RPCClock: Sendable {
    /// Time since some fixed point.
    var now: Duration { get }
    /// A random number from 0 to 1 for jitter.
    var jitter: Double { get }
    /// Waits; throws when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The system's monotonic clock.
public struct SystemRPCClock: RPCClock {
    private let start = ContinuousClock.now

    /// The system's clock.
    public init() {}

    /// Time since this value was made.
    public var now: Duration { ContinuousClock.now - start }
    /// From the system's generator.
    public var jitter: Double { Double.random(in: 0...1) }
    /// Waits.
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
