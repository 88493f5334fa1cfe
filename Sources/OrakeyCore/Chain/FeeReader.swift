import EthereumCore
import EthereumRPC

/// Reads the price of gas: `eth_feeHistory`, or `eth_gasPrice` on a chain without a base fee.
struct FeeReader: Sendable {
    let client: RPCClient

    /// Blocks looked at, and the percentiles of their tips that count as usual and high.
    static let blocks: UInt64 = 10
    static let percentiles: [Double] = [50, 90]

    func market() async throws -> FeeMarket {
        let (history, gasPrice, suggested) = try await client.batch(
            .feeHistory(Self.blocks, percentiles: Self.percentiles), .gasPrice, .maxPriorityFeePerGas)
        let price = try gasPrice.get()
        guard case .success(let history) = history, let base = history.baseFeePerGas.last, base > 0 else {
            let (double, overflow) = price.multipliedReportingOverflow(by: 2)
            return FeeMarket(nextBaseFee: nil, usualTip: price, highTip: overflow ? price : double)
        }
        // Blocks without transactions report no tip; they say nothing of the usual one.
        let rows = history.rewards.filter { $0.count == 2 && $0[1] > 0 }
        let suggestion: UInt256 = if case .success(let tip) = suggested { tip } else { 0 }
        let usual = Self.median(rows.map { $0[0] }) ?? suggestion
        let high = max(rows.map { $0[1] }.max() ?? 0, suggestion, usual)
        return FeeMarket(nextBaseFee: base, usualTip: max(usual, min(suggestion, high)), highTip: high)
    }

    private static func median(_ values: [UInt256]) -> UInt256? {
        guard !values.isEmpty else { return nil }
        return values.sorted()[values.count / 2]
    }
}
