/// `fees:`, what a transaction may cost and when it is sent again. All amounts are in wei per unit of gas.
public struct FeeSection: Equatable, Sendable {
    /// The hard cap on `maxFeePerGas` (EIP-1559) or `gasPrice`, replacements included. In wei.
    public var maxFeePerGas: UInt64
    /// The hard cap on `maxPriorityFeePerGas` (EIP-1559). In wei, at most ``maxFeePerGas``.
    public var maxPriorityFeePerGas: UInt64
    /// A fixed tip for transactions that are not urgent. In wei; `nil` takes it from the chain's fee history.
    public var priorityFeePerGas: UInt64?
    /// By how many percent both fees are raised in a replacement. At least 13, because nodes ask for 12.5 %.
    public var bumpPercent: Int
    /// How long a transaction may stay unmined before it is replaced.
    public var resubmitAfter: Duration

    /// Settings of fees; the defaults are those of a file without `fees:`.
    public init(
        maxFeePerGas: UInt64 = 100_000_000_000, maxPriorityFeePerGas: UInt64 = 5_000_000_000,
        priorityFeePerGas: UInt64? = nil, bumpPercent: Int = 15, resubmitAfter: Duration = .seconds(30)
    ) {
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.priorityFeePerGas = priorityFeePerGas
        self.bumpPercent = bumpPercent
        self.resubmitAfter = resubmitAfter
    }
}
