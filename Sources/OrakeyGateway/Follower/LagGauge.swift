import Synchronization

/// How late the gateway acts on the chain. What an endpoint shows right after one look began is acted on when the next
/// look has ended: the time between is the lag.
final class LagGauge: Sendable {
    private struct State {
        var previousStart: MonotonicTime?
        var last: Duration?
        var longest: Duration?
    }

    private let state = Mutex(State())

    /// A look ended well.
    func note(start: MonotonicTime, end: MonotonicTime) {
        state.withLock { state in
            if let previous = state.previousStart {
                let lag = end.since(previous)
                state.last = lag
                state.longest = max(state.longest ?? lag, lag)
            }
            state.previousStart = start
        }
    }

    /// The latest lag and the longest since the start; nil before the second look.
    var lags: (last: Duration?, longest: Duration?) { state.withLock { ($0.last, $0.longest) } }
}
