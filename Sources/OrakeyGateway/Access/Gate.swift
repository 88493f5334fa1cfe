import EthereumCore

/// How the gateway sees one network at this moment.
public struct NetworkView: Sendable, Equatable {
    /// The newest block whose events are in the table.
    public var head: UInt64
    /// Its timestamp, in seconds since 1970.
    public var headTimestamp: UInt64
    /// The newest block whose creates count; nil while the chain is shorter than the depth.
    public var settled: UInt64?
    /// When the look began that showed this.
    public var lookedAt: MonotonicTime

    public init(head: UInt64, headTimestamp: UInt64, settled: UInt64?, lookedAt: MonotonicTime) {
        self.head = head
        self.headTimestamp = headTimestamp
        self.settled = settled
        self.lookedAt = lookedAt
    }
}

/// How old a network's view may be.
public struct ViewLimits: Sendable, Equatable {
    /// Since the last look at the chain.
    public var age: Duration
    /// Since the head block's timestamp, for chains that make blocks all the time; nil for no limit.
    public var headAge: Duration?

    public init(age: Duration, headAge: Duration? = nil) {
        self.age = age
        self.headAge = headAge
    }
}

/// Who may pass: every decision about a proven identity, without input or output.
struct Gate: Sendable {
    private(set) var policies: OwnerPolicies
    private(set) var viewLimits: [ViewLimits]
    var table = KeyTable()
    var views: [NetworkView?]
    private var usage = OwnerUsage()

    init(policies: OwnerPolicies, viewLimits: [ViewLimits]) {
        self.policies = policies
        self.viewLimits = viewLimits
        views = Array(repeating: nil, count: viewLimits.count)
    }

    /// The one decision for every role. Deny by default: what is not known for certain is refused.
    ///
    /// - Parameter isHeld: whether the request counts as running until ``finish(_:)``.
    mutating func admit(
        _ identity: VerifiedIdentity, isHeld: Bool, now: MonotonicTime, unixSeconds: @autoclosure () -> UInt64
    ) -> Verdict {
        guard let view = currentView(identity.networkIndex, now: now, unixSeconds: unixSeconds()) else {
            return .refused(.viewTooOld)
        }
        switch table[identity.tag] {
        case nil: return .refused(.unknown)
        case .disabled: return .refused(.disabled)
        case .created(let block):
            guard let settled = view.settled, block <= settled else { return .refused(.unconfirmed) }
        }
        let policy = policies[identity.owner]
        guard !policy.isBlocked else { return .refused(.blocked) }
        switch usage.take(identity.owner, policy, isHeld: isHeld, at: now) {
        case .tooMany(let seconds): return .refused(.tooManyRequests(retryAfter: seconds))
        case .tooManyAtOnce: return .refused(.tooManyAtOnce)
        case nil: return .granted(Grant(identity: identity, block: view.head, isHeld: isHeld))
        }
    }

    /// The view of a network, unless it is too old to be relied on.
    func currentView(_ network: Int, now: MonotonicTime, unixSeconds: @autoclosure () -> UInt64) -> NetworkView? {
        guard let view = views[network] else { return nil }
        let limits = viewLimits[network]
        guard now.since(view.lookedAt) <= limits.age else { return nil }
        if let headAge = limits.headAge {
            let seconds = unixSeconds()
            let age = seconds > view.headTimestamp ? seconds - view.headTimestamp : 0
            guard Duration.seconds(Int64(clamping: age)) <= headAge else { return nil }
        }
        return view
    }

    /// Takes over what a reload brings.
    mutating func replace(policies new: OwnerPolicies, viewLimits: [ViewLimits]) {
        let old = policies
        usage.restart { old[$0].requestsPerMinute != new[$0].requestsPerMinute }
        policies = new
        self.viewLimits = viewLimits
    }

    /// Ends a request that was held.
    mutating func finish(_ owner: Address) { usage.finish(owner) }
}
