import EthereumCore
import EthereumRPC

/// Reads the price of gas: `eth_feeHistory`, or `eth_gasPrice` on a chain whose blocks have no base fee.
struct FeeReader: Sendable {
    let client: RPCClient

    /// Blocks looked at, and the percentiles of their tips that count as usual and high.
    static let blocks: UInt64 = 10
    static let percentiles: [Double] = [50, 90]

    /// The market for a transaction with this call.
    func market(for callData: [UInt8]) async throws -> FeeMarket {
        let (history, gasPrice, suggested, bound, fee, head) = try await client.batch(
            .feeHistory(Self.blocks, percentiles: Self.percentiles), .gasPrice, .maxPriorityFeePerGas,
            .call(L1FeeOracle.upperBound(callData)), .call(L1FeeOracle.fee(callData)), .block(.latest))
        let price = try gasPrice.get()
        let dataFee = L1FeeOracle.read(bound) ?? L1FeeOracle.read(fee) ?? 0
        let suggestion: UInt256 = if case .success(let tip) = suggested { tip } else { 0 }
        guard case .success(let history) = history, let base = history.baseFeePerGas.last, base > 0 else {
            guard let base = try head.get()?.baseFeePerGas, base > 0 else {
                return FeeMarket(
                    nextBaseFee: nil, usualTip: price, highTip: price.saturatingMultiply(2), dataFee: dataFee)
            }
            // Failing to tell the history is no sign of a chain without a base fee: the gas price, which has the base fee
            // in it, would be paid as a tip. From one block to the next it rises by an eighth at most (EIP-1559).
            let tip = suggestion > 0 ? suggestion : price.saturatingSubtract(base)
            return FeeMarket(
                nextBaseFee: base.saturatingAdd(base / 8), usualTip: tip, highTip: tip.saturatingMultiply(2),
                dataFee: dataFee)
        }
        // Blocks without transactions report no tip; they say nothing of the usual one.
        let rows = history.rewards.filter { $0.count == 2 && $0[1] > 0 }
        let usual = Self.median(rows.map { $0[0] }) ?? suggestion
        let high = max(rows.map { $0[1] }.max() ?? 0, suggestion, usual)
        return FeeMarket(
            nextBaseFee: base, usualTip: max(usual, min(suggestion, high)), highTip: high, dataFee: dataFee)
    }

    private static func median(_ values: [UInt256]) -> UInt256? {
        guard !values.isEmpty else { return nil }
        return values.sorted()[values.count / 2]
    }
}

/// The `GasPriceOracle` predeploy of the OP stack: what the publication of a transaction's data costs. On other chains
/// there is nothing at its address, and a call answers with nothing.
private enum L1FeeOracle {
    static let address = Address(truncating: Bytes32(UInt256(0x4200_0000_0000_0000_0000_0000_0000_0000_0000_000F)))
    /// Envelope, fees and signature around the call data, generously.
    static let overhead = 192

    /// `getL1FeeUpperBound(uint256)`, since Fjord.
    static func upperBound(_ callData: [UInt8]) -> CallRequest {
        let size = UInt256(UInt64(callData.count + overhead)).bigEndianBytes
        return CallRequest(to: address, data: selector("getL1FeeUpperBound(uint256)") + size)
    }

    /// `getL1Fee(bytes)` of data that does not compress better than a transaction.
    static func fee(_ callData: [UInt8]) -> CallRequest {
        var filler = Keccak256.hash(callData)
        var data = callData
        while data.count < callData.count + overhead {
            data += filler.bytes
            filler = Keccak256.hash(filler)
        }
        let padding = [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
        let head = UInt256(32).bigEndianBytes + UInt256(UInt64(data.count)).bigEndianBytes
        return CallRequest(to: address, data: selector("getL1Fee(bytes)") + head + data + padding)
    }

    static func read(_ answer: Result<[UInt8], RPCError>) -> UInt256? {
        guard case .success(let bytes) = answer, bytes.count == 32 else { return nil }
        return UInt256(bigEndian: bytes)
    }

    private static func selector(_ signature: String) -> [UInt8] {
        Array(Keccak256.hash(Array(signature.utf8)).bytes.prefix(4))
    }
}
