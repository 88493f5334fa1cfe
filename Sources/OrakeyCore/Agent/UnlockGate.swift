/// Makes guessing a passphrase slow: after a failure the next attempt has to wait, longer each time.
public actor UnlockGate {
    private var failures = 0
    private var lastFailure: Timestamp?
    private var isBusy = false
    private let clock: any WallClock

    /// The longest wait, in seconds.
    static let longestWait: Int64 = 300

    public init(clock: any WallClock) { self.clock = clock }

    /// Runs one attempt; concurrent ones and those that come too early are refused.
    public func attempt<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        if isBusy { throw AgentError(.rateLimited, "another unlock is under way", hint: "try again in a moment") }
        if let wait = remainingWait() {
            throw AgentError(
                .rateLimited, "too soon after a failed unlock", hint: "try again in \(wait) s", retryAfter: wait)
        }
        isBusy = true
        defer { isBusy = false }
        do {
            let result = try await body()
            failures = 0
            lastFailure = nil
            return result
        } catch let error as AgentError where error.code == .wrongPassphrase {
            failures = min(failures + 1, 16)
            lastFailure = clock.now
            throw error
        }
    }

    /// Seconds until an attempt may be made; nil when it may be made now.
    private func remainingWait() -> Int64? {
        guard let last = lastFailure else { return nil }
        let now = clock.now
        // A clock that has gone back says nothing of how long ago that was: the wait begins anew, and stays bounded.
        let start = min(last, now)
        lastFailure = start
        let end = start.adding(seconds: min(Self.longestWait, Int64(1) << Int64(failures - 1)))
        return now < end ? end.seconds(since: now) + 1 : nil
    }
}
