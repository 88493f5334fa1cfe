public import EthereumCore

/// One account of an unlocked wallet: an address and the key behind it.
///
/// It signs two things only, a contract's message in one of the two schemes and a transaction, because a signed 32-byte
/// message is a credential: there is no call for bytes of the caller's choice, here or anywhere.
public final class Account: Sendable {
    /// The account's address.
    public let address: Address
    private let key: PrivateKey

    package init(key: consuming PrivateKey) throws(WalletError) {
        address = try key.publicKey().address
        self.key = key
    }

    /// Signs a message that the contract issued: RFC 6979 nonce and low s, so the same message gives the same signature.
    public func sign(contractMessage message: Bytes32, scheme: SigningScheme) throws(WalletError) -> Signature {
        try key.sign(digest: scheme.digest(of: message))
    }

    /// Signs a transaction for one chain.
    ///
    /// - Throws: ``WalletError/signingFailed(reason:)`` for a legacy transaction without the protection of EIP-155.
    public func sign(_ transaction: Transaction) throws(WalletError) -> SignedTransaction {
        guard transaction.chainID != nil else {
            throw .signingFailed(reason: "it names no chain and could be repeated on others (EIP-155)")
        }
        return transaction.signed(with: try key.sign(digest: transaction.signingDigest))
    }
}

extension Account: CustomStringConvertible, CustomReflectable {
    /// The address, nothing else.
    public var description: String { "account \(address)" }
    /// A mirror with the address only.
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
