import EthereumABI
import EthereumRPC

extension RPCError {
    /// Whether the contract (or the node, before it) would not carry out a call: nothing was sent.
    var isRefusal: Bool {
        switch serverClass {
        case .reverted, .executionFailed, .gasLimitExceeded: true
        default: false
        }
    }

    /// Why the contract reverted, in words.
    var revertReason: String {
        guard let data = revertData, !data.isEmpty else { return description }
        return "\(ABIRevertReason.decode(data))"
    }
}
