public import OrakeyKey

/// The whole configuration of orakeyd, checked: every value has been parsed, defaults are filled in, paths are
/// absolute, and the parts do not contradict each other.
///
/// Read with ``Configuration/load(path:users:)``.
public struct Configuration: Equatable, Sendable {
    /// The absolute path of the file this was read from.
    public var file: String
    /// The wallet that owns the keys.
    public var wallet: WalletSection
    /// The networks in the order of the file. Never empty; names are unique.
    public var networks: [NetworkSection]
    /// The consumers in the order of the file, or `nil` when the file has no `consumers:` section. Then there is one
    /// consumer `default` on every network; see ``consumers(daemonUser:)``.
    public var consumers: [ConsumerSection]?
    /// Where the sockets are.
    public var listen: ListenSection
    /// Bounds on what local clients may use up.
    public var limits: LimitSection
    /// Where the metrics can be read besides the control socket.
    public var metrics: MetricsSection
    /// The proxy, or `nil` for none.
    public var proxy: ProxySection?
    /// The record of who was given which key.
    public var audit: AuditSection
    /// The second wallet, which may only disable keys, if there is one.
    public var revoker: RevokerSection?
    /// When the wallet is locked by itself.
    public var lock: LockSection
    /// The directory of the daemon's state, where the file names one.
    public var stateDirectory: String?

    /// The settings of a network, or `nil` if the file does not have it.
    public func network(_ name: NetworkName) -> NetworkSection? {
        networks.first { $0.name == name }
    }

    /// The consumers that are in force.
    ///
    /// - Parameter daemonUser: The numeric user id that orakeyd runs as.
    /// - Returns: The configured consumers; without a `consumers:` section, one called `default` for each network that
    ///   matches the daemon's own user and root.
    public func consumers(daemonUser: UInt32) -> [ConsumerSection] {
        if let consumers { return consumers }
        let users: [UInt32] = daemonUser == 0 ? [0] : [daemonUser, 0]
        return networks.map { network in
            ConsumerSection(name: "default", network: network.name, match: PeerMatch(users: users))
        }
    }
}
