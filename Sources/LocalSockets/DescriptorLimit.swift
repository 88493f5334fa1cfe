import Glibc

/// The bound on this process's open files, and what it leaves for clients.
public enum DescriptorLimit {
    /// Kept for the journal, the chain and the runtime: whoever fills the sockets must not stop a revocation.
    private static let reserve = 64 + KnownProcesses.most
    /// Operators are few.
    private static let mostForControl = 512
    private static let fewest = 16
    private static let most = 65_536

    /// Raises the soft bound to the hard one; returns how many descriptors the connections of each socket may take, so
    /// that accepting never runs out of them.
    public static func raise(withProxy: Bool = false) -> (agent: Int, control: Int, proxy: Int) {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return (fewest, fewest, fewest) }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 { limit.rlim_cur = soft }
        let available = Int(clamping: limit.rlim_cur) - reserve
        let control = min(mostForControl, max(fewest, available / 4))
        let proxy = withProxy ? max(fewest, (available - control) / 2) : 0
        return (min(most, max(fewest, available - control - proxy)), control, min(most, proxy))
    }
}
