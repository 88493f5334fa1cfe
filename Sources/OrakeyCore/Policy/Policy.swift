public import EthereumCore
import EthereumWallet
public import OrakeyConfig
import OrakeyKey

/// Who may be given which consumer's key. The one place where that is decided.
public struct Policy: Sendable {
    private let consumers: [ConsumerSection]
    private let hasRateLimits: Bool
    /// Of each consumer's rule, a hash.
    private let rules: [Bytes32]

    public init(consumers: [ConsumerSection]) {
        self.consumers = consumers
        rules = consumers.map { consumer in
            let rule = consumer.match
            return SHA256.hash(Array("\(rule.users) \(rule.groups) \(rule.executables) \(rule.units)".utf8))
        }
        hasRateLimits = consumers.contains { $0.rateLimit != nil }
    }

    /// The outcome of a request for a key.
    public enum Verdict: Sendable, Equatable {
        /// Exactly one consumer fits.
        case granted(consumer: String, network: String)
        /// Several fit: the request must name a consumer or a network. The value lists them.
        case ambiguous([String])
        /// None fits; how near the nearest came.
        case denied(Denial)
    }

    /// Why no consumer fits: the first part of a rule that does not hold, of the consumer that came nearest. For the audit;
    /// the process itself is not told what would let it in.
    public struct Denial: Sendable, Equatable, CustomStringConvertible {
        /// In the order in which rules are looked at.
        public enum Part: Int, Sendable, Comparable {
            case request, user, group, executable, unit

            public static func < (a: Part, b: Part) -> Bool { a.rawValue < b.rawValue }
        }

        public let part: Part
        /// The consumer that came nearest; nil where nothing but the request was wrong.
        public let consumer: String?
        /// Whether the process does have what the rule asks about, if another.
        public let isKnown: Bool

        public var description: String {
            switch part {
            case .request: "no consumer of that name and network"
            case .user: "no consumer for this user"
            case .group: "\(consumer ?? ""): not in the group"
            case .executable: "\(consumer ?? ""): " + (isKnown ? "another executable" : "the executable can't be read")
            case .unit: "\(consumer ?? ""): " + (isKnown ? "another systemd unit" : "in no systemd unit")
            }
        }
    }

    /// Decides for one request. A rule's kinds must all hold; within a kind one value is enough; an empty rule matches
    /// nobody.
    public func authorise(_ peer: Peer, consumer: String?, network: String?) -> Verdict {
        func fits(_ settings: ConsumerSection) -> Bool {
            isAsked(settings) && Self.firstMismatch(settings.match, peer) == nil
        }
        func isAsked(_ settings: ConsumerSection) -> Bool {
            (consumer.map { $0 == settings.name } ?? true)
                && (network.map { $0 == settings.network.description } ?? true)
        }
        guard let first = consumers.firstIndex(where: fits) else {
            return .denied(nearestMiss(peer, among: consumers.filter(isAsked)))
        }
        guard consumers[(first + 1)...].contains(where: fits) else {
            return .granted(consumer: consumers[first].name, network: consumers[first].network.description)
        }
        return .ambiguous(consumers.filter(fits).map { "\($0.name) on \($0.network)" })
    }

    /// Why nobody fits, for a process that none of these fits.
    private func nearestMiss(_ peer: Peer, among asked: [ConsumerSection]) -> Denial {
        var nearest = Denial(part: .request, consumer: nil, isKnown: true)
        for settings in asked {
            guard let failed = Self.firstMismatch(settings.match, peer), failed.part > nearest.part else { continue }
            let name = failed.part == .user ? nil : settings.name
            nearest = Denial(part: failed.part, consumer: name, isKnown: failed.isKnown)
        }
        return nearest
    }

    /// The first part of a rule that does not hold; nil when all do.
    private static func firstMismatch(_ rule: PeerMatch, _ peer: Peer) -> (part: Denial.Part, isKnown: Bool)? {
        guard !(rule.users.isEmpty && rule.groups.isEmpty && rule.executables.isEmpty && rule.units.isEmpty) else {
            return (.user, true)
        }
        if !rule.users.isEmpty, !rule.users.contains(peer.userID) { return (.user, true) }
        if !rule.groups.isEmpty, !peer.groupIDs.contains(where: rule.groups.contains) { return (.group, true) }
        if !rule.executables.isEmpty, !(peer.executable.map(rule.executables.contains) ?? false) {
            return (.executable, peer.executable != nil)
        }
        if !rule.units.isEmpty, !peer.units.contains(where: rule.units.contains) { return (.unit, !peer.units.isEmpty) }
        return nil
    }

    /// How often a consumer may ask; nil for as often as it likes.
    public func rateLimit(of consumer: String, network: String) -> RateLimit? {
        guard hasRateLimits else { return nil }
        return consumers.first { $0.name == consumer && $0.network.description == network }?.rateLimit
    }

    /// Whether any rule names a group.
    public var needsGroups: Bool { consumers.contains { !$0.match.groups.isEmpty } }

    /// Whether any rule needs what only `/proc` tells; reading it costs system calls on every request.
    public var needsProcessDetails: Bool {
        consumers.contains { !$0.match.executables.isEmpty || !$0.match.units.isEmpty }
    }
}

extension Policy {
    /// What tells one rule of a consumer from another: who has a token under one has none under the next. Nil where there
    /// is no such consumer.
    public func rule(of consumer: String, network: String) -> Bytes32? {
        consumers.firstIndex { $0.name == consumer && $0.network.description == network }.map { rules[$0] }
    }
}
