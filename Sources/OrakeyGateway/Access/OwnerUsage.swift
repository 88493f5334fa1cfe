import EthereumCore

/// What owners are using up right now.
///
/// The rate is the generic cell rate algorithm: one time for each owner, that at which all earlier requests are paid
/// for. A whole minute's requests may come at once, and then one more every 1/n minute.
struct OwnerUsage: Sendable {
    private struct Account {
        /// When the requests so far are paid for.
        var paidAt: UInt64 = 0
        var running = 0
    }

    /// Why a request has to wait.
    enum Wait: Equatable {
        case tooMany(seconds: Int)
        case tooManyAtOnce
    }

    private static let minute: UInt64 = 60_000_000_000
    private static let fewest = 1024

    private var accounts: [Address: Account] = [:]
    private var pruneAt = Self.fewest

    /// Counts a request, or says why it has to wait.
    ///
    /// - Parameter isHeld: whether it goes on until ``finish(_:)``.
    mutating func take(_ owner: Address, _ policy: OwnerPolicy, isHeld: Bool, at now: MonotonicTime) -> Wait? {
        guard isHeld || policy.requestsPerMinute != nil else { return nil }
        var account = accounts[owner] ?? Account()
        if isHeld, let most = policy.concurrentRequests, account.running >= most { return .tooManyAtOnce }
        if let rate = policy.requestsPerMinute {
            let cost = Self.minute / UInt64(rate)
            let paid = max(account.paidAt, now.nanoseconds) + cost
            if paid > now.nanoseconds + Self.minute {
                let wait = paid - now.nanoseconds - Self.minute
                return .tooMany(seconds: Int((wait + 999_999_999) / 1_000_000_000))
            }
            account.paidAt = paid
        }
        // Without a limit too: a reload may bring one while the request runs.
        if isHeld { account.running += 1 }
        accounts[owner] = account
        if accounts.count >= pruneAt { prune(now) }
        return nil
    }

    /// Lets owners begin a new minute whose rate is another one now: what was used up of the old one is no measure for it.
    mutating func restart(where hasChanged: (Address) -> Bool) {
        for owner in accounts.keys where hasChanged(owner) { accounts[owner]?.paidAt = 0 }
    }

    /// Ends a request that was held.
    mutating func finish(_ owner: Address) {
        guard let running = accounts[owner]?.running, running > 0 else { return }
        accounts[owner]?.running = running - 1
    }

    /// Forgets owners who owe nothing, whenever their number has doubled.
    private mutating func prune(_ now: MonotonicTime) {
        accounts = accounts.filter { $0.value.running > 0 || $0.value.paidAt > now.nanoseconds }
        pruneAt = max(Self.fewest, accounts.count * 2)
    }
}
