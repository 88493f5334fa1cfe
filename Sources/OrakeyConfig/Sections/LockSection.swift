/// `lock:`, when the wallet is locked by itself.
public struct LockSection: Equatable, Sendable {
    /// After so long without a hand-out and without an operator's command, or `nil` for never.
    public var afterIdle: Duration?
    /// At these times of day, in the host's time zone.
    public var times: [TimeOfDay]

    /// Settings of the lock; the defaults are those of a file without `lock:`.
    public init(afterIdle: Duration? = nil, times: [TimeOfDay] = []) {
        self.afterIdle = afterIdle
        self.times = times
    }
}

/// A time of day to the minute.
public struct TimeOfDay: Hashable, Sendable, CustomStringConvertible {
    /// Minutes since midnight, below 1440.
    public let minutes: Int

    /// Reads `HH:MM` in 24 hours.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { 48...57 ~= $0 } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        minutes = hour * 60 + minute
    }

    public var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
