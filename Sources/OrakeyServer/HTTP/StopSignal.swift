import Synchronization

/// Tells those who wait that the service is about to end.
final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.finish() }
    }

    /// Returns when the signal is raised, or the task is cancelled.
    func wait() async {
        let (stream, waiter) = AsyncStream.makeStream(of: Never.self)
        let isRaised = state.withLock { state in
            state.waiters.append(waiter)
            return state.isRaised
        }
        if isRaised { return }
        for await _ in stream {}
    }
}
