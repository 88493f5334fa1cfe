import Glibc
import Synchronization

/// The time of day as the system's clock tells it, without its jumps.
///
/// Time goes on as `CLOCK_BOOTTIME` does, which nobody sets and which counts a suspended host's sleep, from what the
/// real-time clock said at the start. When that is set to another time, readings stay as they are until
/// ``takeJump()``: whoever keeps deadlines moves them along in the same moment.
public final class SystemWallClock: WallClock {
    private struct Anchor {
        var wall: Int64
        var boot: Int64
    }

    /// Deviations below this many milliseconds are no jump: the real-time clock is always being slewed a little.
    static let tolerance: Int64 = 1000

    private let anchor: Mutex<Anchor>

    public init() { anchor = Mutex(Anchor(wall: Self.read(CLOCK_REALTIME), boot: Self.read(CLOCK_BOOTTIME))) }

    public var now: Timestamp {
        let boot = Self.read(CLOCK_BOOTTIME)
        return anchor.withLock { Timestamp(milliseconds: $0.wall + boot - $0.boot) }
    }

    public func takeJump() -> Int64 {
        anchor.withLock { anchor in
            let boot = Self.read(CLOCK_BOOTTIME)
            let jump = Self.read(CLOCK_REALTIME) - (anchor.wall + boot - anchor.boot)
            guard abs(jump) >= Self.tolerance else { return 0 }
            anchor.wall += jump
            return jump
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
