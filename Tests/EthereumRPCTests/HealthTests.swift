import Testing

@testable import EthereumRPC

@Suite struct HealthTests {
    private let limits = BreakerLimits(failures: 3, cooldown: .seconds(2), longestCooldown: .seconds(30))

    @Test func opensAfterFaultsInARowAndLongerEachTime() {
        var health = EndpointHealth(limits: limits)
        for _ in 0..<2 { health.record(.fault, at: .zero) }
        #expect(health.closedUntil(.zero) == nil)
        health.record(.answer(seconds: 0.1), at: .zero)
        for _ in 0..<2 { health.record(.fault, at: .zero) }
        #expect(health.closedUntil(.zero) == nil)
        var expected: [Duration] = []
        for _ in 0..<6 {
            health.record(.fault, at: .zero)
            expected.append(health.closedUntil(.zero) ?? .zero)
        }
        #expect(expected == [2, 4, 8, 16, 30, 30].map { .seconds($0) })
        // Half open: asked again once the time is over, closed for good by an answer.
        #expect(health.closedUntil(.seconds(30)) == nil)
        health.record(.answer(seconds: 0.1), at: .seconds(31))
        health.record(.fault, at: .seconds(31))
        #expect(health.closedUntil(.seconds(31)) == nil)
    }

    @Test func staysAwayAsLongAsAsked() {
        var health = EndpointHealth(limits: limits)
        health.record(.limited(.seconds(10)), at: .seconds(5))
        #expect(health.closedUntil(.seconds(14)) == .seconds(15))
        #expect(health.closedUntil(.seconds(15)) == nil)
        #expect(health.penalty(at: .seconds(5)) == 0)
    }

    @Test func scoresFallAndRecover() {
        var health = EndpointHealth(limits: limits)
        #expect(health.score(at: .zero) == 1)
        for _ in 0..<5 { health.record(.fault, at: .zero) }
        #expect(health.score(at: .zero) < 0.4)
        #expect(health.penalty(at: .zero) >= 2)
        #expect(health.penalty(at: .seconds(90)) == 0)
        for _ in 0..<20 { health.record(.answer(seconds: 0.1), at: .zero) }
        #expect(health.score(at: .zero) > 0.98)
        #expect(health.penalty(at: .zero) == 0)
        for _ in 0..<20 { health.record(.answer(seconds: 5), at: .zero) }
        #expect(health.penalty(at: .zero) == 1)
        #expect(health.score(at: .seconds(1_000_000)) == 1)
    }
}
