public import OrakeyConfig
import OrakeyKey

/// Who may be given which consumer's key. The one place where that is decided.
public struct Policy: Sendable {
    private let consumers: [ConsumerSection]

    public init(consumers: [ConsumerSection]) { self.consumers = consumers }

    /// The outcome of a request for a key.
    public enum Verdict: Sendable, Equatable {
        /// Exactly one consumer fits.
        case granted(consumer: String, network: String)
        /// Several fit: the request must name a consumer or a network. The value lists them.
        case ambiguous([String])
        /// None fits.
        case denied
    }

    /// Decides for one request. A rule's kinds must all hold; within a kind one value is enough; an empty rule matches
    /// nobody.
    public func authorise(_ peer: Peer, consumer: String?, network: String?) -> Verdict {
        func fits(_ settings: ConsumerSection) -> Bool {
            Self.matches(settings.match, peer) && (consumer.map { $0 == settings.name } ?? true)
                && (network.map { $0 == settings.network.description } ?? true)
        }
        guard let first = consumers.firstIndex(where: fits) else { return .denied }
        guard consumers[(first + 1)...].contains(where: fits) else {
            return .granted(consumer: consumers[first].name, network: consumers[first].network.description)
        }
        return .ambiguous(consumers.filter(fits).map { "\($0.name) on \($0.network)" })
    }

    private static func matches(_ rule: PeerMatch, _ peer: Peer) -> Bool {
        guard !(rule.users.isEmpty && rule.groups.isEmpty && rule.executables.isEmpty && rule.units.isEmpty) else {
            return false
        }
        if !rule.users.isEmpty, !rule.users.contains(peer.userID) { return false }
        if !rule.groups.isEmpty, !peer.groupIDs.contains(where: rule.groups.contains) { return false }
        if !rule.executables.isEmpty, !(peer.executable.map(rule.executables.contains) ?? false) { return false }
        if !rule.units.isEmpty, !(peer.unit.map(rule.units.contains) ?? false) { return false }
        return true
    }

    /// Whether any rule names a group.
    public var needsGroups: Bool { consumers.contains { !$0.match.groups.isEmpty } }

    /// Whether any rule needs what only `/proc` tells; reading it costs system calls on every request.
    public var needsProcessDetails: Bool {
        consumers.contains { !$0.match.executables.isEmpty || !$0.match.units.isEmpty }
    }
}

extension Policy {
    /// Whether there is such a consumer, whoever it is for.
    public func has(consumer: String, network: String) -> Bool {
        consumers.contains { $0.name == consumer && $0.network.description == network }
    }
}
