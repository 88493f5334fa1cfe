public import EthereumCore

/// What an owner may use up.
public struct OwnerPolicy: Sendable, Equatable {
    /// Requests in any minute; nil for no limit.
    public var requestsPerMinute: Int?
    /// Requests at one time, in the reverse proxy's role; nil for no limit.
    public var concurrentRequests: Int?
    /// Whether the provider serves this owner at all.
    public var isBlocked: Bool

    /// A policy; without arguments everything is allowed.
    public init(requestsPerMinute: Int? = nil, concurrentRequests: Int? = nil, isBlocked: Bool = false) {
        self.requestsPerMinute = requestsPerMinute
        self.concurrentRequests = concurrentRequests
        self.isBlocked = isBlocked
    }
}

/// The policy of every owner: one for all, and those of their own.
public struct OwnerPolicies: Sendable, Equatable {
    /// For owners without one of their own.
    public var standard: OwnerPolicy
    /// By owner, on every network.
    public var special: [Address: OwnerPolicy]

    /// Policies; without arguments everything is allowed to everybody.
    public init(standard: OwnerPolicy = OwnerPolicy(), special: [Address: OwnerPolicy] = [:]) {
        self.standard = standard
        self.special = special
    }

    /// The policy of an owner.
    public subscript(owner: Address) -> OwnerPolicy { special.isEmpty ? standard : special[owner] ?? standard }
}
