public import EthereumCore

/// What a transaction offers for its gas, in wei per gas.
public enum FeeOffer: Sendable, Equatable {
    /// EIP-1559: the most that is paid, and the part of it that goes to the block's producer.
    case dynamic(maxFee: UInt256, tip: UInt256)
    /// A chain without a base fee.
    case legacy(gasPrice: UInt256)

    /// The most that a unit of gas may cost, in wei.
    public var ceiling: UInt256 {
        switch self {
        case .dynamic(let maxFee, _): maxFee
        case .legacy(let gasPrice): gasPrice
        }
    }

    /// The part offered to the block's producer, in wei.
    public var tip: UInt256 {
        switch self {
        case .dynamic(_, let tip): tip
        case .legacy(let gasPrice): gasPrice
        }
    }
}

/// What the chain says about the price of gas.
public struct FeeMarket: Sendable, Equatable {
    /// The base fee of the next block in wei; nil on a chain without one.
    public let nextBaseFee: UInt256?
    /// A usual tip (EIP-1559) or gas price (legacy) in wei.
    public let usualTip: UInt256
    /// A tip that is seldom outbid, in wei.
    public let highTip: UInt256
    /// What a chain of the OP stack takes besides, for publishing the transaction's data, in wei.
    public let dataFee: UInt256

    public init(nextBaseFee: UInt256?, usualTip: UInt256, highTip: UInt256, dataFee: UInt256 = 0) {
        self.nextBaseFee = nextBaseFee
        self.usualTip = usualTip
        self.highTip = highTip
        self.dataFee = dataFee
    }
}

/// How much to offer, and when to offer more. Pure arithmetic on wei.
public struct FeePolicy: Sendable, Equatable {
    /// Never offer more than this per gas, in wei.
    public var maxFee: UInt256
    /// Never offer a larger tip than this, in wei; not in a replacement either.
    public var maxTip: UInt256
    /// Offer this tip whatever the market says, in wei; urgent transactions may still go above it.
    public var fixedTip: UInt256?
    /// By how much both fields grow in a replacement, in percent. Nodes ask for at least 10; 12.5 is the floor here.
    public var bumpPercent: Int
    /// How long an attempt may wait before it is replaced, in seconds.
    public var resubmitAfter: Int64

    public init(maxFee: UInt256, maxTip: UInt256, fixedTip: UInt256? = nil, bumpPercent: Int, resubmitAfter: Int64) {
        self.maxFee = maxFee
        self.maxTip = maxTip
        self.fixedTip = fixedTip
        self.bumpPercent = bumpPercent
        self.resubmitAfter = resubmitAfter
    }

    /// The offer for a fresh transaction. An urgent one pays the high tip and leaves room for a faster rise.
    public func offer(in market: FeeMarket, urgent: Bool) -> FeeOffer {
        let market = (base: market.nextBaseFee, usual: fixedTip ?? market.usualTip, high: market.highTip)
        let wanted = urgent ? max(market.high, market.usual) : market.usual
        guard let base = market.base else { return .legacy(gasPrice: min(wanted, maxFee)) }
        let tip = min(wanted, fixedTip == nil ? lowered(maxTip) : maxTip)
        // Twice the base fee outlasts six full blocks in a row; three times, nine.
        let room = Self.sum(Self.product(base, urgent ? 3 : 2), tip)
        let ceiling = min(room, maxFee)
        return .dynamic(maxFee: ceiling, tip: min(tip, ceiling))
    }

    /// Whether the caps leave room for an offer that nodes take in the place of `previous`. The market has no say in it.
    public func hasRoom(above previous: FeeOffer, isAmendment: Bool = false) -> Bool {
        switch previous {
        case .dynamic(let maxFee, let tip):
            bumped(maxFee) <= self.maxFee && bumped(tip) <= (isAmendment ? maxTip : lowered(maxTip))
        case .legacy(let price): bumped(price) <= maxFee
        }
    }

    /// The offer that replaces `previous`, or nil when the cap leaves no room for a replacement nodes would take.
    ///
    /// - Parameter isAmendment: the replacement is to do less than what it replaces. That must be possible when an effect
    ///   would come twice without it, so other offers leave room for one more step of the tip.
    public func replacement(
        for previous: FeeOffer, in market: FeeMarket, urgent: Bool, isAmendment: Bool = false
    ) -> FeeOffer? {
        let tipCap = isAmendment ? maxTip : lowered(maxTip)
        let fresh = offer(in: market, urgent: urgent)
        switch (previous, market.nextBaseFee) {
        case (.dynamic(let oldMax, let oldTip), nil):
            // A chain on which a base fee was offered has one. The gas price has it in it, and is no tip.
            guard bumped(oldMax) <= maxFee, bumped(oldTip) <= tipCap else { return nil }
            return .dynamic(maxFee: bumped(oldMax), tip: bumped(oldTip))
        case (.dynamic(let oldMax, let oldTip), _):
            // Nodes want both fields to grow. Up to the caps a last step is worth taking, if they accept it.
            guard bumped(oldMax) <= maxFee, bumped(oldTip) <= tipCap else { return nil }
            let tip = min(max(bumped(oldTip), fresh.tip), tipCap)
            // After a step that is the last because of the tip, the base fee may rise as far as it may at all.
            let room = bumped(tip) > tipCap ? lowered(maxFee) : 0
            let ceiling = min(max(bumped(oldMax), fresh.ceiling, room), maxFee)
            return .dynamic(maxFee: ceiling, tip: min(tip, ceiling))
        case (.legacy(let old), _):
            let price = max(bumped(old), fresh.ceiling)
            if price <= maxFee { return .legacy(gasPrice: price) }
            return maxFee >= bumped(old) ? .legacy(gasPrice: maxFee) : nil
        }
    }

    /// The offer with a ceiling above it by a random part of a thousandth (of a legacy price, which is paid in full, by a
    /// hundredth of that), within the cap.
    public func distinct(_ offer: FeeOffer, using generator: inout some RandomNumberGenerator) -> FeeOffer {
        func raised(_ fee: UInt256, parts: UInt64) -> UInt256 {
            let most = UInt64(exactly: fee.quotientAndRemainder(dividingBy: parts).quotient) ?? UInt64.max
            let sum = Self.sum(fee, UInt256(UInt64.random(in: 0...most, using: &generator)))
            return min(sum, max(fee, maxFee))
        }
        return switch offer {
        case .dynamic(let ceiling, let tip): .dynamic(maxFee: raised(ceiling, parts: 1_000), tip: tip)
        case .legacy(let price): .legacy(gasPrice: raised(price, parts: 100_000))
        }
    }

    /// The largest fee, or a little less, that grown by the bump is not above `cap`.
    func lowered(_ cap: UInt256) -> UInt256 {
        let (shrunk, _) = Self.product(cap, 1000).quotientAndRemainder(dividingBy: 1000 + bumpThousandths)
        return shrunk
    }

    /// Thousandths, so that the floor of 12.5 % is exact.
    private var bumpThousandths: UInt64 { UInt64(max(125, min(bumpPercent, 1000) * 10)) }

    /// `fee` grown by the bump, rounded up, and by at least one wei.
    func bumped(_ fee: UInt256) -> UInt256 {
        let grown = Self.product(fee, 1000 + bumpThousandths)
        let (quotient, remainder) = grown.quotientAndRemainder(dividingBy: UInt64(1000))
        let rounded = remainder == 0 ? quotient : Self.sum(quotient, 1)
        return max(rounded, Self.sum(fee, 1))
    }

    private static func sum(_ a: UInt256, _ b: UInt256) -> UInt256 {
        let (value, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : value
    }

    private static func product(_ a: UInt256, _ b: UInt64) -> UInt256 {
        let (value, overflow) = a.multipliedReportingOverflow(by: UInt256(b))
        return overflow ? UInt256.max.quotientAndRemainder(dividingBy: UInt64(1000)).quotient : value
    }
}
