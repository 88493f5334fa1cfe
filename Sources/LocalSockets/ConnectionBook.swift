package import NIOCore
import Synchronization

/// Connections by user, so that nobody takes all of them.
package final class ConnectionBook: Sendable {
    private struct State {
        var byUser: [UInt32: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
        var descriptors = 0
        /// The most connections since ``hasShrunk()`` said yes.
        var peak = 0
    }

    /// Fewer are not worth the walk through the heap.
    private static let crowd = 256

    private let limit: Int
    private let descriptors: Int
    private let meter: ConnectionMeter
    private let state = Mutex(State())

    package init(limit: Int, descriptors: Int, meter: ConnectionMeter = ConnectionMeter()) {
        self.limit = limit
        self.descriptors = descriptors
        self.meter = meter
    }

    package var count: Int { state.withLock { $0.channels.count } }

    /// Counts a connection that needs so many descriptors until it closes; false when the user, or all together, have too
    /// many.
    package func admit(_ channel: any Channel, userID: UInt32, needing descriptors: Int) -> Bool {
        let isAdmitted = state.withLock { state in
            guard state.byUser[userID, default: 0] < limit, state.descriptors + descriptors <= self.descriptors else {
                return false
            }
            state.byUser[userID, default: 0] += 1
            state.descriptors += descriptors
            state.channels[ObjectIdentifier(channel)] = channel
            state.peak = max(state.peak, state.channels.count)
            return true
        }
        guard isAdmitted else {
            meter.refused()
            return false
        }
        meter.opened()
        channel.closeFuture.whenComplete { [self] _ in
            meter.closed()
            state.withLock { state in
                state.channels[ObjectIdentifier(channel)] = nil
                state.descriptors -= descriptors
                state.byUser[userID, default: 1] -= 1
                if state.byUser[userID] == 0 { state.byUser[userID] = nil }
            }
        }
        return true
    }

    /// Whether a crowd has come and gone; once for each.
    package func hasShrunk() -> Bool {
        state.withLock { state in
            guard state.peak >= Self.crowd, state.channels.count < state.peak / 4 else { return false }
            state.peak = state.channels.count
            return true
        }
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

/// Tells a connection to end as soon as its request in flight is answered.
package struct DrainEvent: Sendable {
    package init() {}
}

/// Tells a connection to end if it was not used for too long.
package struct IdleCheck: Sendable {
    package init() {}
}
