/// How long the reply to a call with an `Idempotency-Key` is remembered.
///
/// A reply whose operation still runs stays. One that is let go of is forgotten altogether: the same call is a new
/// operation then. To refuse it would take a list of all keys there ever were, which is what this keeps from growing.
public struct ReplyRetention: Sendable, Equatable {
    /// Seconds that a reply stays after all of its operation has ended, on all networks.
    public let seconds: Int64
    /// So many of the newest replies stay however old they are: a clock that is set wrong takes nothing from whoever
    /// repeats a call soon.
    public let fewest: Int
    /// Beyond so many whose operations have ended, the oldest go early.
    public let most: Int

    public init(seconds: Int64, fewest: Int, most: Int) {
        self.seconds = seconds
        self.fewest = fewest
        self.most = most
    }

    public static let usual = ReplyRetention(seconds: 7 * 86_400, fewest: 1000, most: 100_000)
    /// Seconds from one look for old replies to the next. Between two looks there is at most what can be asked for in that
    /// time.
    static let interval: Int64 = 60
}

extension KeyAgent {
    /// Has the commit of a new reply let go of old ones as well, once in a while: no commit is made for that alone, and
    /// while no reply is added there is nothing that grows.
    func forgetReplies(with ledger: inout NetworkLedger) {
        let now = clock.now
        if let last = repliesLookedAt, abs(now.seconds(since: last)) < ReplyRetention.interval { return }
        repliesLookedAt = now
        ledger.forgetReplies(beyond: replyRetention, at: now)
    }
}
