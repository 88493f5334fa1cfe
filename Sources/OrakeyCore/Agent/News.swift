import Synchronization

/// Tells those who wait for an intent when it has moved.
final class News: Sendable {
    enum Item: Sendable { case intent(Int64, isFinal: Bool) }

    private struct State {
        var listeners: [Int: @Sendable (Item) -> Void] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    func tell(_ item: Item) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener(item) }
    }

    /// Everything told from now on, until the stream is dropped.
    func stream() -> AsyncStream<Item> {
        let (stream, continuation) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingNewest(1024))
        let number = state.withLock { state in
            state.last += 1
            state.listeners[state.last] = { continuation.yield($0) }
            return state.last
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }
}
