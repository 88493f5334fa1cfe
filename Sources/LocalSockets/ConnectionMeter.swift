import Synchronization

/// Counts the connections of one socket, for the metrics.
package final class ConnectionMeter: Sendable {
    package struct Reading: Sendable {
        package var open = 0
        package var accepted: UInt64 = 0
        package var refused: UInt64 = 0
    }

    private let state = Mutex(Reading())

    package init() {}

    package var reading: Reading { state.withLock { $0 } }

    package func opened() {
        state.withLock {
            $0.open += 1
            $0.accepted += 1
        }
    }

    package func closed() { state.withLock { $0.open -= 1 } }

    package func refused() { state.withLock { $0.refused += 1 } }
}
