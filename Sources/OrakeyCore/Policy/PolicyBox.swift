import Synchronization

/// The policy in force; a reload replaces it between two requests.
public final class PolicyBox: Sendable {
    private let policy: Mutex<Policy>

    public init(_ policy: Policy) { self.policy = Mutex(policy) }

    public var current: Policy { policy.withLock { $0 } }

    public func replace(with policy: Policy) { self.policy.withLock { $0 = policy } }
}
