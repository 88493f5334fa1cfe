import Synchronization

/// Consumers that the upstream has told to wait. Until their time is up their requests are answered here.
final class HoldBack: Sendable {
    /// The longest wait that is believed.
    static let longest = Duration.seconds(3600)
    /// The wait after a 429 that names none.
    static let unnamed = Duration.seconds(1)

    private let until = Mutex<[ConsumerName: ContinuousClock.Instant]>([:])

    /// What is left of a consumer's wait.
    func wait(of name: ConsumerName, at time: @autoclosure () -> ContinuousClock.Instant) -> Duration? {
        until.withLock { until in
            guard !until.isEmpty, let end = until[name] else { return nil }
            let now = time()
            guard end > now else {
                until[name] = nil
                return nil
            }
            return end - now
        }
    }

    /// The upstream told this consumer to wait.
    func hold(_ name: ConsumerName, for time: Duration?, at now: ContinuousClock.Instant) {
        let end = now + min(time ?? Self.unnamed, Self.longest)
        until.withLock { until in until[name] = max(until[name] ?? end, end) }
    }
}
