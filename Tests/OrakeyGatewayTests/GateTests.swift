import EthereumCore
import Testing

@testable import OrakeyGateway

@Suite struct GateTests {
    private let clock = MovedClock()
    private let tags = TagKey()

    private func gate(
        _ policies: OwnerPolicies = OwnerPolicies(), limits: ViewLimits = ViewLimits(age: .seconds(60))
    ) -> Gate {
        var gate = Gate(policies: policies, viewLimits: [limits])
        gate.views[0] = NetworkView(head: 100, headTimestamp: clock.unixSeconds, settled: 90, lookedAt: clock.now)
        return gate
    }

    private func judge(_ gate: inout Gate, _ identity: VerifiedIdentity, isHeld: Bool = false) -> Verdict {
        gate.admit(identity, isHeld: isHeld, now: clock.now, unixSeconds: clock.unixSeconds)
    }

    @Test func aKeyGoesThroughItsStates() throws {
        var gate = gate()
        let key = try identity(1, 7, tags: tags)
        #expect(judge(&gate, key).refusal == .unknown)
        gate.table[key.tag] = .created(block: 91)
        #expect(judge(&gate, key).refusal == .unconfirmed)
        gate.views[0]?.settled = 91
        #expect(judge(&gate, key).grant?.block == 100)
        gate.table[key.tag] = .disabled
        #expect(judge(&gate, key).refusal == .disabled)
        gate.table[key.tag] = nil
        #expect(judge(&gate, key).refusal == .unknown)
    }

    @Test func withoutACurrentViewNothingIsSaid() throws {
        var gate = gate()
        let key = try identity(1, 7, tags: tags)
        gate.table[key.tag] = .created(block: 1)
        clock.advance(.seconds(60))
        #expect(judge(&gate, key).grant != nil)
        clock.advance(.milliseconds(1))
        #expect(judge(&gate, key).refusal == .viewTooOld)
        gate.views[0] = nil
        #expect(judge(&gate, key).refusal == .viewTooOld)
    }

    @Test func aHeadMayBeTooOldAsWell() throws {
        var gate = gate(limits: ViewLimits(age: .seconds(600), headAge: .seconds(30)))
        let key = try identity(1, 7, tags: tags)
        gate.table[key.tag] = .created(block: 1)
        clock.advance(.seconds(30))
        #expect(judge(&gate, key).grant != nil)
        clock.advance(.seconds(1))
        #expect(judge(&gate, key).refusal == .viewTooOld)
    }

    @Test func aChainShorterThanTheDepthConfirmsNothing() throws {
        var gate = gate()
        gate.views[0]?.settled = nil
        let key = try identity(1, 7, tags: tags)
        gate.table[key.tag] = .created(block: 0)
        #expect(judge(&gate, key).refusal == .unconfirmed)
    }

    @Test func requestsAtOneTimeAreBounded() throws {
        var gate = gate(OwnerPolicies(standard: OwnerPolicy(concurrentRequests: 2)))
        let key = try identity(1, 7, tags: tags)
        gate.table[key.tag] = .created(block: 1)
        #expect(judge(&gate, key, isHeld: true).grant != nil)
        #expect(judge(&gate, key, isHeld: true).grant != nil)
        #expect(judge(&gate, key, isHeld: true).refusal == .tooManyAtOnce)
        // A mere question holds nothing.
        #expect(judge(&gate, key).grant != nil)
        gate.finish(key.owner)
        #expect(judge(&gate, key, isHeld: true).grant != nil)
        gate.finish(key.owner)
        gate.finish(key.owner)
        gate.finish(key.owner)
        #expect(judge(&gate, key, isHeld: true).grant != nil)
        #expect(judge(&gate, key, isHeld: true).grant != nil)
        #expect(judge(&gate, key, isHeld: true).refusal == .tooManyAtOnce)
    }
}

@Suite struct OwnerUsageTests {
    private let clock = MovedClock()

    @Test func requestsFromBeforeALimitCount() {
        var usage = OwnerUsage()
        func take(_ policy: OwnerPolicy) -> OwnerUsage.Wait? {
            usage.take(address(1), policy, isHeld: true, at: clock.now)
        }
        #expect(take(OwnerPolicy()) == nil)
        let limited = OwnerPolicy(concurrentRequests: 1)
        #expect(take(limited) == .tooManyAtOnce)
        usage.finish(address(1))
        #expect(take(limited) == nil)
        #expect(take(limited) == .tooManyAtOnce)
    }

    @Test func aMinutesRequestsMayComeAtOnceAndThenOneAfterTheOther() {
        var usage = OwnerUsage()
        let policy = OwnerPolicy(requestsPerMinute: 6)
        func take() -> OwnerUsage.Wait? { usage.take(address(1), policy, isHeld: false, at: clock.now) }
        for _ in 0..<6 { #expect(take() == nil) }
        #expect(take() == .tooMany(seconds: 10))
        clock.advance(.seconds(9))
        #expect(take() == .tooMany(seconds: 1))
        clock.advance(.seconds(1))
        #expect(take() == nil)
        #expect(take() == .tooMany(seconds: 10))
        // Never more than a minute's requests, however long nothing came.
        clock.advance(.seconds(3600))
        for _ in 0..<6 { #expect(take() == nil) }
        #expect(take() != nil)
    }

    /// In no window of a minute are more requests let through than twice the rate, and over a long time exactly the rate.
    @Test func theRateHoldsOverALongTime() {
        var usage = OwnerUsage()
        let policy = OwnerPolicy(requestsPerMinute: 60)
        var granted = 0
        for _ in 0..<36_000 {
            if usage.take(address(1), policy, isHeld: false, at: clock.now) == nil { granted += 1 }
            clock.advance(.milliseconds(100))
        }
        #expect((3600...3660).contains(granted))
    }

    @Test func ownersDoNotTouchEachOtherAndAreForgotten() {
        var usage = OwnerUsage()
        let policy = OwnerPolicy(requestsPerMinute: 1)
        for number in UInt8(0)..<255 {
            #expect(usage.take(address(number), policy, isHeld: false, at: clock.now) == nil)
            #expect(usage.take(address(number), policy, isHeld: false, at: clock.now) == .tooMany(seconds: 60))
        }
    }
}
