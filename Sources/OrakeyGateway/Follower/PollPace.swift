/// When to look at the chain again: never later than the configured interval, and sooner when a block is due.
struct PollPace: Sendable, Equatable {
    /// A look that comes early is repeated after this part of the interval.
    private static let step = 8
    /// A chain that misses this many blocks has no rhythm to follow.
    private static let patience = 3.0
    private static let longestFailurePause = Duration.seconds(8)

    let interval: Duration
    /// The time between two blocks, learnt from their timestamps; nil before.
    private var rhythm: Duration?
    /// When the newest block was first seen, and what its timestamp says.
    private var newest: (seenAt: MonotonicTime, number: UInt64, timestamp: UInt64)?
    private var failures = 0

    init(interval: Duration) { self.interval = interval }

    /// Notes a look that showed this head.
    mutating func saw(number: UInt64, timestamp: UInt64, at now: MonotonicTime) {
        failures = 0
        if let newest {
            guard number > newest.number else { return }
            if timestamp > newest.timestamp {
                let apart = Duration.seconds(Int64(clamping: timestamp - newest.timestamp))
                let one = apart / Int64(clamping: number - newest.number)
                rhythm = rhythm.map { ($0 * 7 + one) / 8 } ?? one
            }
        }
        newest = (now, number, timestamp)
    }

    /// Notes a look that failed.
    mutating func failed() { failures += 1 }

    /// The pause before the next look.
    func pause(at now: MonotonicTime) -> Duration {
        let shortest = interval / Self.step
        // A few quick tries first: most failures are over at once, and the view ages meanwhile.
        if failures > 0 { return min(Self.longestFailurePause, shortest * (1 << min(failures - 1, 10))) }
        guard let rhythm, let newest else { return interval }
        let waited = now.since(newest.seenAt)
        if waited > rhythm * Self.patience { return interval }
        return min(interval, max(shortest, rhythm - waited))
    }

    static func == (left: PollPace, right: PollPace) -> Bool {
        left.interval == right.interval && left.rhythm == right.rhythm && left.failures == right.failures
            && left.newest?.number == right.newest?.number
    }
}
