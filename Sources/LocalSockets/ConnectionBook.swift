package import NIOCore
import Synchronization

/// Connections by user, so that nobody takes all of them.
package final class ConnectionBook: Sendable {
    private struct State {
        var byUser: [UInt32: Int] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
        var count = 0
        var descriptors = 0
        /// The most connections since ``hasShrunk()`` said yes.
        var peak = 0
        var isDraining = false
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

    package var count: Int { state.withLock { $0.count } }

    /// Counts a connection that needs so many descriptors until it closes; false when the user, or all together, have too
    /// many.
    package func admit(_ channel: any Channel, userID: UInt32, needing descriptors: Int) -> Bool {
        guard enter(userID: userID, needing: descriptors) else { return false }
        adopt(channel, userID: userID, needing: descriptors)
        return true
    }

    /// The same for a connection that is no channel: it is counted until ``leave(userID:needing:)``, and told nothing.
    package func enter(userID: UInt32, needing descriptors: Int) -> Bool {
        let isAdmitted = state.withLock { state in
            guard state.byUser[userID, default: 0] < limit, state.descriptors + descriptors <= self.descriptors else {
                return false
            }
            state.byUser[userID, default: 0] += 1
            state.descriptors += descriptors
            state.count += 1
            state.peak = max(state.peak, state.count)
            return true
        }
        if isAdmitted { meter.opened() } else { meter.refused() }
        return isAdmitted
    }

    /// Takes a connection that has entered out of the count.
    package func leave(userID: UInt32, needing descriptors: Int) {
        meter.closed()
        state.withLock { state in
            state.count -= 1
            state.descriptors -= descriptors
            state.byUser[userID, default: 1] -= 1
            if state.byUser[userID] == 0 { state.byUser[userID] = nil }
        }
    }

    /// Makes a connection that has entered one that is told things, and leaves by itself when it closes. While all are
    /// ending it is told so as well, once its handlers are there.
    package func adopt(_ channel: any Channel, userID: UInt32, needing descriptors: Int) {
        let isLate = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.isDraining
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
            leave(userID: userID, needing: descriptors)
        }
        // Whoever adopts adds the handlers in the same turn of the loop.
        if isLate { channel.eventLoop.execute { channel.pipeline.fireUserInboundEventTriggered(DrainEvent()) } }
    }

    /// Whether a crowd has come and gone; once for each.
    package func hasShrunk() -> Bool {
        state.withLock { state in
            guard state.peak >= Self.crowd, state.count < state.peak / 4 else { return false }
            state.peak = state.count
            return true
        }
    }

    /// Tells all connections.
    package func tell(_ event: any Sendable) {
        for channel in state.withLock({ Array($0.channels.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(event)
        }
    }

    /// Tells all connections to end, those that are still on their way here too.
    package func drain() {
        state.withLock { $0.isDraining = true }
        tell(DrainEvent())
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
