public import OrakeyConfig
import Synchronization

/// Holds each consumer to its rate, all its processes together: the generic cell rate algorithm, which is a token bucket
/// that is one number.
public final class RateLimiter: Sendable {
    private struct Consumer: Hashable {
        let name: String
        let network: String
    }

    /// When each consumer's bucket will be full again, in nanoseconds.
    private let fullAt = Mutex([Consumer: UInt64]())

    public init() {}

    /// Takes one request out of the consumer's bucket.
    ///
    /// - Parameter now: nanoseconds of a clock that never goes back.
    /// - Returns: nil when the request may go on, else the nanoseconds until one may.
    public func take(_ name: String, _ network: String, _ limit: RateLimit, at now: UInt64) -> UInt64? {
        let interval = 1_000_000_000 / UInt64(limit.perSecond)
        let room = interval * UInt64(limit.burst - 1)
        return fullAt.withLock { fullAt in
            let key = Consumer(name: name, network: network)
            let full = max(fullAt[key] ?? 0, now)
            guard full - now <= room else { return full - now - room }
            fullAt[key] = full + interval
            return nil
        }
    }
}
