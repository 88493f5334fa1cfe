import OrakeyConfig
import OrakeyCore
import Testing

@Suite struct RateLimiterTests {
    private let second: UInt64 = 1_000_000_000

    @Test func aBurstThenTheRate() {
        let limiter = RateLimiter()
        let limit = RateLimit(perSecond: 10, burst: 3)
        for _ in 0..<3 { #expect(limiter.take("a", "BASE", limit, at: second) == nil) }
        #expect(limiter.take("a", "BASE", limit, at: second) == second / 10)
        #expect(limiter.take("a", "BASE", limit, at: second + second / 10 - 1) == 1, "to the nanosecond")
        #expect(limiter.take("a", "BASE", limit, at: second + second / 10) == nil)
        #expect(limiter.take("a", "BASE", limit, at: second + second / 10) != nil)
        for _ in 0..<3 { #expect(limiter.take("a", "BASE", limit, at: 100 * second) == nil) }
        #expect(limiter.take("a", "BASE", limit, at: 100 * second) != nil, "a long pause saves up no more than a burst")
    }

    @Test func consumersAndNetworksHaveTheirOwn() {
        let limiter = RateLimiter()
        let limit = RateLimit(perSecond: 1, burst: 1)
        #expect(limiter.take("a", "BASE", limit, at: 0) == nil)
        #expect(limiter.take("a", "OTHER", limit, at: 0) == nil)
        #expect(limiter.take("b", "BASE", limit, at: 0) == nil)
        #expect(limiter.take("a", "BASE", limit, at: 0) == second)
    }

    @Test func overAMinuteAsManyAsTheRateSays() {
        let limiter = RateLimiter()
        let limit = RateLimit(perSecond: 7, burst: 20)
        let served = stride(from: 0, to: 60 * second, by: Int(second) / 1000).count {
            limiter.take("a", "BASE", limit, at: $0) == nil
        }
        #expect((60 * 7 + 19...60 * 7 + 21).contains(served))
    }
}
