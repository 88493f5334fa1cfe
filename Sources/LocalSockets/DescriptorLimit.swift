import Glibc

/// The bound on this process's open files, and what it leaves for clients.
public enum DescriptorLimit {
    /// Kept for the journal, the chain and the runtime: whoever fills the sockets must not stop a revocation.
    private static let reserve = 64 + KnownProcesses.most
    /// Operators are few.
    private static let mostForControl = 512
    private static let fewest = 16
    private static let most = 65_536

    /// A relayed request's: the connection, the process at its other end, and the way up.
    private static let perRelayed = 3

    /// What each of the sockets may take, so that accepting never runs out of descriptors.
    public struct Shares: Sendable, Equatable {
        /// Descriptors of the agent socket's connections.
        public let agent: Int
        /// Descriptors of the control socket's connections.
        public let control: Int
        /// Connections of each front of the proxy; 0 without a proxy.
        public let proxyFront: Int
    }

    /// Raises the soft bound to the hard one and shares it out, once for the whole process.
    ///
    /// - Parameter proxyFronts: how many sockets the proxy listens on.
    public static func raise(proxyFronts: Int = 0) -> Shares {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return share(0, proxyFronts: proxyFronts) }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 { limit.rlim_cur = soft }
        return share(Int(clamping: limit.rlim_cur), proxyFronts: proxyFronts)
    }

    /// The shares of a process that may open `limit` files. Below some 150 nothing fits, and each gets the fewest.
    static func share(_ limit: Int, proxyFronts: Int) -> Shares {
        let available = limit - reserve
        let control = min(mostForControl, max(fewest, available / 4))
        let proxy = proxyFronts == 0 ? 0 : min(most, max(fewest, (available - control) / 2))
        return Shares(
            agent: min(most, max(fewest, available - control - proxy)), control: control,
            proxyFront: proxyFronts == 0 ? 0 : max(1, proxy / (perRelayed * proxyFronts)))
    }
}
