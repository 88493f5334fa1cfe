public import OrakeyKey

/// One entry of `consumers:`, a local program or group of programs with a key of its own.
public struct ConsumerSection: Equatable, Sendable {
    /// The name, 1 to 64 of `A-Z a-z 0-9 . _ -`. Unique together with the network.
    public var name: String
    /// The network of the consumer's key.
    public var network: NetworkName
    /// Which local processes are this consumer.
    public var match: PeerMatch
    /// How often the key is replaced, or `nil` for only on request.
    public var rotateEvery: Duration?
    /// How long a replaced key goes on being valid, shorter than ``rotateEvery``.
    public var grace: Duration
    /// How often its processes together may ask for the key, or `nil` for as often as they like.
    public var rateLimit: RateLimit?

    /// Settings of a consumer.
    public init(
        name: String, network: NetworkName, match: PeerMatch, rotateEvery: Duration? = nil,
        grace: Duration = ConsumerSection.defaultGrace, rateLimit: RateLimit? = nil
    ) {
        self.name = name
        self.network = network
        self.match = match
        self.rotateEvery = rotateEvery
        self.grace = grace
        self.rateLimit = rateLimit
    }

    /// The grace period where the file names none: ten minutes, or half of a shorter rotation.
    public static let defaultGrace: Duration = .seconds(600)
    /// The longest grace period, of a consumer and of a single rotation.
    public static let longestGrace: Duration = .seconds(366 * 86400)
}

/// `rate_limit:`, how often something may happen.
public struct RateLimit: Equatable, Sendable {
    /// Times a second in the long run, from 1.
    public var perSecond: Int
    /// Times at once after a pause, from 1.
    public var burst: Int

    /// A limit.
    public init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// `match:`, a rule for processes at the agent socket. Every part that is given has to fit; in a part with several
/// values one of them has to.
public struct PeerMatch: Equatable, Sendable {
    /// Numeric user ids. Empty: any.
    public var users: [UInt32]
    /// Numeric group ids, compared with the process's primary and supplementary groups. Empty: any.
    public var groups: [UInt32]
    /// Absolute paths of executables. Empty: any.
    public var executables: [String]
    /// Names of systemd units: services, scopes, and slices above them. Empty: any.
    public var units: [String]

    /// A rule.
    public init(users: [UInt32] = [], groups: [UInt32] = [], executables: [String] = [], units: [String] = []) {
        self.users = users
        self.groups = groups
        self.executables = executables
        self.units = units
    }
}
