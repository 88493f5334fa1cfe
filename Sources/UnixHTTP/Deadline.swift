internal import CLinuxShims

/// A point on the monotonic clock after which waiting ends.
public struct Deadline: Sendable, Hashable {
    /// Milliseconds of `CLOCK_MONOTONIC`; nil waits for ever.
    let milliseconds: Int64?

    /// Waits for ever.
    public static let never = Deadline(milliseconds: nil)

    /// The point that many milliseconds from now.
    public static func after(milliseconds: Int) -> Deadline {
        let (sum, overflow) = orakey_monotonic_milliseconds().addingReportingOverflow(Int64(max(0, milliseconds)))
        return Deadline(milliseconds: overflow ? nil : sum)
    }

    /// What poll(2) takes: -1 for ever, 0 once passed, and never more than an hour at a time.
    var pollTimeout: Int32 {
        guard let milliseconds else { return -1 }
        return Int32(min(max(0, milliseconds - orakey_monotonic_milliseconds()), 3_600_000))
    }

    var hasPassed: Bool {
        guard let milliseconds else { return false }
        return orakey_monotonic_milliseconds() >= milliseconds
    }
}
