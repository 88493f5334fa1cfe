/// A point in time as milliseconds since the Unix epoch.
///
/// The journal stores it as an integer; decisions compare it; nothing in the core reads a clock by itself.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// Wraps milliseconds since the epoch.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// This point moved by whole seconds; saturates instead of overflowing.
    public func adding(seconds: Int64) -> Timestamp {
        let (delta, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return Timestamp(milliseconds: seconds < 0 ? .min : .max) }
        let (sum, carried) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: carried ? (seconds < 0 ? .min : .max) : sum)
    }

    /// This point moved by milliseconds; saturates instead of overflowing.
    public func moved(by delta: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// Whole seconds from `earlier` to this point.
    public func seconds(since earlier: Timestamp) -> Int64 { (milliseconds - earlier.milliseconds) / 1000 }
}

/// Where the time comes from; tests pass one they move by hand.
public protocol WallClock: Sendable {
    /// The present moment.
    var now: Timestamp { get }
    /// By how many milliseconds the system's clock was set since this was asked last; ``now`` follows it from here on.
    func takeJump() -> Int64
}

extension WallClock {
    public func takeJump() -> Int64 { 0 }
}
