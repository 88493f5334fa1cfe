import Testing

@testable import OrakeyCore

/// Wrong passphrases are answered more slowly each time, and no clock that is set makes that an hour.
@Suite struct UnlockGateTests {
    let clock = MovedClock()
    let gate: UnlockGate

    init() { gate = UnlockGate(clock: clock) }

    /// - Returns: the seconds that the gate asks to wait; nil where it let the attempt through.
    private func wait() async -> Int64? {
        do {
            try await gate.attempt { throw AgentError(.wrongPassphrase, "wrong") }
            return nil
        } catch {
            return (error as? AgentError)?.retryAfter
        }
    }

    @Test func eachFailureMakesTheNextWaitLonger() async throws {
        for bound in [1, 2, 4, 8] as [Int64] {
            #expect(await wait() == nil)
            #expect(await wait() == bound + 1)
            clock.move(seconds: bound - 1)
            #expect(await wait() == 2)
            clock.move(seconds: 1)
        }
        for _ in 0..<20 {
            #expect(await wait() == nil)
            clock.move(seconds: UnlockGate.longestWait)
        }
    }

    @Test func successForgetsTheFailures() async throws {
        #expect(await wait() == nil)
        clock.move(seconds: 1)
        try await gate.attempt {}
        try await gate.attempt {}
        #expect(await wait() == nil)
        #expect(await wait() == 2)
    }

    @Test func aClockThatIsSetBackLocksNobodyOut() async throws {
        #expect(await wait() == nil)
        clock.move(seconds: -86_400)
        #expect(await wait() == 2, "the wait begins anew")
        clock.move(seconds: 1)
        try await gate.attempt {}
    }
}
