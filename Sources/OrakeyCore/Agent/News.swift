import Synchronization

/// Everything that happens, told to whoever listens.
final class News: Sendable {
    private struct State {
        var listeners: [Int: @Sendable (AgentEvent) -> Void] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    func tell(_ event: AgentEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener(event) }
    }

    /// Calls `listener` from now on; returns the number that ends it.
    func listen(_ listener: @escaping @Sendable (AgentEvent) -> Void) -> Int {
        state.withLock { state in
            state.last += 1
            state.listeners[state.last] = listener
            return state.last
        }
    }

    func end(_ number: Int) { state.withLock { _ = $0.listeners.removeValue(forKey: number) } }

    /// Everything told from now on, until the stream is dropped.
    func stream() -> AsyncStream<AgentEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AgentEvent.self, bufferingPolicy: .bufferingNewest(4096))
        let number = listen { continuation.yield($0) }
        continuation.onTermination = { [weak self] _ in self?.end(number) }
        return stream
    }
}
