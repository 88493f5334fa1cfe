/// Runs bodies one after the other, in the order in which they came. An actor alone does not: at each of its `await`s the
/// next call may begin.
public actor Turns {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init() {}

    /// Waits for its turn, then runs the body.
    public func take<T: Sendable>(_ body: @Sendable () async throws -> T) async rethrows -> T {
        if isTaken { await withCheckedContinuation { waiting.append($0) } }
        isTaken = true
        defer {
            // Handed on without being given up, so that nobody comes in between.
            if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        }
        return try await body()
    }
}
