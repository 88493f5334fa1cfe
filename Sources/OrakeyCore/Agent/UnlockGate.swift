/// Makes guessing a passphrase slow: after a failure the next attempt has to wait, longer each time.
public actor UnlockGate {
    private var failures = 0
    private var notBefore: Timestamp?
    private var isBusy = false
    private let clock: any WallClock

    /// The longest wait, in seconds.
    static let longestWait: Int64 = 300

    public init(clock: any WallClock) { self.clock = clock }

    /// Runs one attempt; concurrent ones and those that come too early are refused.
    public func attempt<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        if isBusy { throw AgentError(.rateLimited, "another unlock is under way", hint: "try again in a moment") }
        if let notBefore, clock.now < notBefore {
            let wait = notBefore.seconds(since: clock.now) + 1
            throw AgentError(
                .rateLimited, "too soon after a failed unlock", hint: "try again in \(wait) s", retryAfter: wait)
        }
        isBusy = true
        defer { isBusy = false }
        do {
            let result = try await body()
            failures = 0
            notBefore = nil
            return result
        } catch let error as AgentError where error.code == .wrongPassphrase {
            failures = min(failures + 1, 16)
            notBefore = clock.now.adding(seconds: min(Self.longestWait, Int64(1) << Int64(failures - 1)))
            throw error
        }
    }
}
