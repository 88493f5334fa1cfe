import Synchronization

/// Whether anybody used the wallet since somebody last asked.
public final class Activity: Sendable {
    private let wasUsed = Atomic(false)

    public init() {}

    public func note() { wasUsed.store(true, ordering: .relaxed) }

    /// Says it and begins anew.
    public func take() -> Bool { wasUsed.exchange(false, ordering: .relaxed) }
}
