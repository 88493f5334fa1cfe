import Glibc

/// The bound on this process's open files, and what it leaves for clients.
public enum DescriptorLimit {
    /// Kept for the journal, the chain and the runtime: whoever fills the sockets must not stop a revocation.
    private static let reserve = 64
    /// A connection, and the descriptor of the process at its other end.
    private static let perConnection = 2
    private static let fewest = 16
    private static let most = 65_536

    /// Raises the soft bound to the hard one; returns how many connections each of `sockets` sockets may hold, so that
    /// accepting never runs out of descriptors.
    public static func raise(sockets: Int) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return fewest }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 { limit.rlim_cur = soft }
        let open = Int(clamping: limit.rlim_cur)
        return min(most, max(fewest, (open - reserve) / (perConnection * sockets)))
    }
}
