public import EthereumCore
public import EthereumWallet
import OrakeyContract

/// The second wallet: its account may disable the owner's keys and nothing else, and it offers no more here either.
///
/// It stays in memory while the owner's wallet is locked. Whoever stole it could end keys, and make none.
public struct RevokerWallet: Sendable {
    private let account: Account
    /// The address that the owner has to appoint.
    public var address: Address { account.address }

    public init(_ account: Account) { self.account = account }

    /// Signs the disable of `messages`, keys of the profile's owner.
    func sign(
        disabling messages: [Bytes32], _ profile: NetworkProfile, nonce: UInt64, gasLimit: UInt64, fees: FeeOffer,
        at now: Timestamp
    ) throws -> Attempt {
        let callData = try profile.contract.encodeDisable(messages, for: profile.owner)
        let transaction: Transaction =
            switch fees {
            case .dynamic(let maxFee, let tip):
                .dynamicFee(
                    DynamicFeeTransaction(
                        chainID: profile.chainID, nonce: nonce, maxPriorityFeePerGas: tip, maxFeePerGas: maxFee,
                        gasLimit: gasLimit, to: profile.contract.address, value: 0, data: callData, accessList: []))
            case .legacy(let gasPrice):
                .legacy(
                    LegacyTransaction(
                        chainID: profile.chainID, nonce: nonce, gasPrice: gasPrice, gasLimit: gasLimit,
                        to: profile.contract.address, value: 0, data: callData))
            }
        let signed = try account.sign(transaction)
        return Attempt(hash: signed.hash, raw: signed.raw, fees: fees, isUrgent: true, intents: [], signedAt: now)
    }
}
