/// Reads `fees:` of a network.
enum ReadFees {
    /// A million gwei: far above every fee that was ever paid, far below an overflow.
    private static let highest: UInt64 = 1_000_000 * 1_000_000_000

    static func read(_ value: Value?) -> FeeSection {
        let defaults = FeeSection()
        guard let value, var reader = value.mapping() else { return defaults }
        let cap = reader.optional("max_fee_gwei")?.gwei(in: 1...highest)
        let tipCap = reader.optional("max_tip_gwei")?.gwei(in: 0...highest)
        let tip = reader.optional("tip_gwei")?.gwei(in: 0...highest)
        let bump = reader.optional("bump_percent")?.integer(in: 13...1000)
        let resubmit = reader.optional("resubmit_after")?.duration(in: .seconds(1) ... .seconds(86400))
        reader.finish()

        let maximum = cap ?? defaults.maxFeePerGas
        if let tipCap, tipCap > maximum {
            reader.report(.contradiction, at: "max_tip_gwei", "is above max_fee_gwei (\(Value.gwei(maximum)))")
        }
        // A tip cap that was not written yields to a lower fee cap and to a higher fixed tip.
        let tipMaximum = tipCap ?? min(max(defaults.maxPriorityFeePerGas, 2 * (tip ?? 0)), maximum)
        if let tip, tip > tipMaximum {
            let name = tipCap == nil ? "max_fee_gwei" : "max_tip_gwei"
            reader.report(.contradiction, at: "tip_gwei", "is above \(name) (\(Value.gwei(tipMaximum)))")
        }
        return FeeSection(
            maxFeePerGas: maximum, maxPriorityFeePerGas: tipMaximum, priorityFeePerGas: tip,
            bumpPercent: bump ?? defaults.bumpPercent, resubmitAfter: resubmit ?? defaults.resubmitAfter)
    }
}
