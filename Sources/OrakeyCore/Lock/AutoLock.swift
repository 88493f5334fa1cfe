public import OrakeyConfig

/// Decides when an unlocked wallet is locked by itself. A value without a clock: it is told the time, and what the time of
/// day is.
public struct AutoLock: Sendable {
    private let settings: LockSection
    private var lastUse: Timestamp
    /// The local time of the last look, in seconds since the epoch as the clock on the wall counts them.
    private var lastLook: Int64

    /// Begins with an unlock.
    ///
    /// - Parameter localSeconds: seconds since the epoch plus the time zone's offset.
    public init(_ settings: LockSection, unlockedAt now: Timestamp, localSeconds: Int64) {
        self.settings = settings
        lastUse = now
        lastLook = localSeconds
    }

    /// Why to lock now; nil to stay open.
    ///
    /// Between two looks the host may have slept: a time of day that passed meanwhile counts.
    ///
    /// - Parameter wasUsed: whether a key was handed out, or an operator did something, since the last look.
    public mutating func look(at now: Timestamp, localSeconds: Int64, wasUsed: Bool) -> String? {
        defer { lastLook = localSeconds }
        // A clock that has gone back says nothing of how long ago the last use was.
        if wasUsed || now < lastUse { lastUse = now }
        if let time = settings.times.first(where: { passed($0, until: localSeconds) }) { return "it is \(time)" }
        if let idle = settings.afterIdle, now.seconds(since: lastUse) >= idle.components.seconds {
            return "unused for \(idle.components.seconds) s"
        }
        return nil
    }

    /// Whether the clock on the wall has passed a time of day. A change to summer time that skips it passes it.
    private func passed(_ time: TimeOfDay, until localSeconds: Int64) -> Bool {
        Self.day(localSeconds, since: time) > Self.day(lastLook, since: time)
    }

    /// Days counted from a time of day to the same.
    private static func day(_ localSeconds: Int64, since time: TimeOfDay) -> Int64 {
        let shifted = localSeconds - Int64(time.minutes) * 60
        return shifted >= 0 ? shifted / 86_400 : (shifted - 86_399) / 86_400
    }
}
