import Glibc

/// A point of a clock that only goes forward, in nanoseconds. It counts the time a machine sleeps: a view of the chain
/// from before is as old as it is.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    /// Nanoseconds since some fixed point.
    public let nanoseconds: UInt64

    /// The point so many nanoseconds after the fixed one.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The time from `earlier` to this one; zero where that one is later.
    func since(_ earlier: MonotonicTime) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0))
    }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// Time as the gateway sees it; tests move it themselves.
public protocol GatewayClock: Sendable {
    /// The monotonic clock.
    var now: MonotonicTime { get }
    /// Seconds since 1970, to compare with blocks' timestamps.
    var unixSeconds: UInt64 { get }
}

/// The system's clocks.
public struct SystemGatewayClock: GatewayClock {
    /// The system's clocks.
    public init() {}

    public var now: MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    public var unixSeconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec)
    }
}

extension Duration {
    /// The duration in nanoseconds, for sums with ``MonotonicTime``.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(clamping: seconds) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000)
    }
}
