import LocalSockets
import Synchronization

/// How often what was answered on the agent socket, and the connections of both sockets, for the metrics.
final class HandoutCounters: Sendable {
    struct Consumer: Hashable {
        let name: String
        let network: String
    }

    struct Snapshot {
        var served: [Consumer: UInt64] = [:]
        var denied: UInt64 = 0
        var refused: [String: UInt64] = [:]
    }

    let agentConnections = ConnectionMeter()
    let controlConnections = ConnectionMeter()

    private let state = Mutex(Snapshot())

    var snapshot: Snapshot { state.withLock { $0 } }

    func countServed(_ consumer: String, _ network: String) {
        state.withLock { $0.served[Consumer(name: consumer, network: network), default: 0] += 1 }
    }

    func countDenied() { state.withLock { $0.denied += 1 } }

    /// A request of a known consumer that could not be served, by the code of the error.
    func countRefused(_ code: String) { state.withLock { $0.refused[code, default: 0] += 1 } }
}
