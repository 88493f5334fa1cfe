package import NIOCore
import Synchronization

/// Connections by user, so that nobody takes all of them.
package final class ConnectionBook: Sendable {
    private struct State {
        var byUser: [UInt32: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let limit: Int
    private let total: Int
    private let state = Mutex(State())

    package init(limit: Int, total: Int) {
        self.limit = limit
        self.total = total
    }

    package var count: Int { state.withLock { $0.channels.count } }

    /// Counts a connection until it closes; false when the user, or all together, have too many.
    package func admit(_ channel: any Channel, userID: UInt32) -> Bool {
        let isAdmitted = state.withLock { state in
            guard state.byUser[userID, default: 0] < limit, state.channels.count < total else { return false }
            state.byUser[userID, default: 0] += 1
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.channels[ObjectIdentifier(channel)] = nil
                state.byUser[userID, default: 1] -= 1
                if state.byUser[userID] == 0 { state.byUser[userID] = nil }
            }
        }
        return true
    }

    /// Tells all connections.
    package func tell(_ event: any Sendable) {
        for channel in state.withLock({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(event)
        }
    }

    package func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
