import EthereumCore
import OrakeyCore
import Testing

@Suite struct FeePolicyTests {
    let gwei: UInt256 = 1_000_000_000
    var policy: FeePolicy { FeePolicy(maxFee: 50 * gwei, maxTip: 5 * gwei, bumpPercent: 15, resubmitAfter: 30) }

    @Test func offersLeaveRoomForARisingBaseFee() {
        let market = FeeMarket(nextBaseFee: 10 * gwei, usualTip: gwei, highTip: 3 * gwei)
        #expect(policy.offer(in: market, urgent: false) == .dynamic(maxFee: 21 * gwei, tip: gwei))
        #expect(policy.offer(in: market, urgent: true) == .dynamic(maxFee: 33 * gwei, tip: 3 * gwei))
    }

    @Test func offersKeepBelowTheirCaps() {
        let market = FeeMarket(nextBaseFee: 40 * gwei, usualTip: 20 * gwei, highTip: 90 * gwei)
        let offer = policy.offer(in: market, urgent: true)
        #expect(offer.ceiling == 50 * gwei)
        #expect(offer.tip < 5 * gwei && offer.tip * 115 > 499 * gwei, "a step below the cap")
    }

    @Test func aChainWithoutBaseFeeGetsAGasPrice() {
        let market = FeeMarket(nextBaseFee: nil, usualTip: 7 * gwei, highTip: 14 * gwei)
        #expect(policy.offer(in: market, urgent: false) == .legacy(gasPrice: 7 * gwei))
        #expect(policy.offer(in: market, urgent: true) == .legacy(gasPrice: 14 * gwei))
    }

    @Test func tinyPricesStillGrow() {
        let market = FeeMarket(nextBaseFee: 7, usualTip: 1, highTip: 1)
        guard
            case .dynamic(let maxFee, let tip)? = policy.replacement(
                for: .dynamic(maxFee: 15, tip: 1), in: market, urgent: false)
        else { return #expect(Bool(false), "a replacement is possible") }
        #expect(maxFee >= 18, "15 % of 15 wei, rounded up")
        #expect(tip >= 2)
    }

    /// A node takes a replacement from 10 % on; the promise is at least 12.5 % on both fields.
    @Test(arguments: [1, 15, 1000, 123_456_789, 20_000_000_000] as [UInt64])
    func replacementsGrowBothFieldsByTheBump(fee: UInt64) {
        let market = FeeMarket(nextBaseFee: 1, usualTip: 1, highTip: 1)
        var previous = FeeOffer.dynamic(maxFee: UInt256(fee), tip: UInt256(min(fee, 1_000_000_000)))
        var rounds = 0
        while let next = policy.replacement(for: previous, in: market, urgent: false) {
            guard case .dynamic(let oldFee, let oldTip) = previous, case .dynamic(let newFee, let newTip) = next else {
                return #expect(Bool(false))
            }
            #expect(newFee * 1000 >= oldFee * 1125)
            #expect(newTip * 1000 >= oldTip * 1125)
            #expect(newFee <= policy.maxFee)
            #expect(newTip <= policy.maxTip)
            previous = next
            rounds += 1
        }
        #expect(rounds > 0)
        #expect(rounds < 250, "the cap ends it")
    }

    @Test func atTheTipsCapTheFeeHasRoomAndAnAmendmentIsStillPossible() throws {
        let market = FeeMarket(nextBaseFee: gwei, usualTip: 20 * gwei, highTip: 20 * gwei)
        let nearly = FeeOffer.dynamic(maxFee: 10 * gwei, tip: 3 * gwei)
        let last = try #require(policy.replacement(for: nearly, in: market, urgent: true))
        #expect(last.ceiling > 43 * gwei, "the base fee may rise")
        #expect(policy.replacement(for: last, in: market, urgent: true) == nil, "max_tip_gwei bounds replacements too")
        let amended = try #require(policy.replacement(for: last, in: market, urgent: true, isAmendment: true))
        #expect(amended.tip <= policy.maxTip && amended.ceiling <= policy.maxFee)
        #expect(policy.replacement(for: amended, in: market, urgent: true, isAmendment: true) == nil)
    }
}
