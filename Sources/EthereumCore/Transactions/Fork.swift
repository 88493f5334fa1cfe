/// The forks of the execution layer that changed which transactions are valid.
public enum Fork: Int, Sendable, Hashable, Comparable, CaseIterable {
    case frontier, homestead, tangerineWhistle, spuriousDragon, byzantium, constantinople, istanbul, berlin, london
    case paris, shanghai, cancun, prague

    /// The newest whose rules are known here; the default wherever a fork may be left out.
    public static let latest = prague

    /// Whether `left` came first.
    public static func < (left: Fork, right: Fork) -> Bool { left.rawValue < right.rawValue }
}

extension Transaction {
    /// Gas that is due before the first instruction, by the rules of ``Fork/latest``. Prague's floor is another matter, see
    /// ``requiredGas(fork:)``.
    public var intrinsicGas: UInt64 { intrinsicGas(fork: .latest) }

    /// Least gas limit with which a fork accepts the transaction: the intrinsic gas, and since Prague at least
    /// ``floorGas``.
    public func requiredGas(fork: Fork = .latest) -> UInt64 {
        fork >= .prague ? max(intrinsicGas(fork: fork), floorGas) : intrinsicGas(fork: fork)
    }

    /// Gas that is due before the first instruction (Yellow Paper, section 6; EIP-2, 2028, 2930, 3860).
    /// Saturates instead of overflowing.
    public func intrinsicGas(fork: Fork) -> UInt64 {
        var gas = Gas(21_000)
        if to == nil, fork >= .homestead { gas.add(32_000) }
        let zeros = data.count { $0 == 0 }
        gas.add(4, times: zeros)
        gas.add(fork >= .istanbul ? 16 : 68, times: data.count - zeros)
        if to == nil, fork >= .shanghai { gas.add(2, times: (data.count + 31) / 32) }
        for entry in accessList {
            gas.add(2_400)
            gas.add(1_900, times: entry.storageKeys.count)
        }
        return gas.total
    }

    /// Least gas limit since Prague for a transaction that carries much data (EIP-7623).
    public var floorGas: UInt64 {
        var gas = Gas(21_000)
        let zeros = data.count { $0 == 0 }
        gas.add(10, times: zeros)
        gas.add(40, times: data.count - zeros)
        return gas.total
    }
}

private struct Gas {
    var total: UInt64

    init(_ total: UInt64) { self.total = total }

    mutating func add(_ gas: UInt64, times count: Int = 1) {
        let (product, overflow) = gas.multipliedReportingOverflow(by: UInt64(count))
        let (sum, carry) = total.addingReportingOverflow(product)
        total = overflow || carry ? .max : sum
    }
}
