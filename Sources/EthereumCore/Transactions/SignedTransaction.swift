/// A transaction with its signature: what is broadcast.
public struct SignedTransaction: Hashable, Sendable {
    /// What was signed.
    public let transaction: Transaction

    /// The signature with s in the lower half, also where the wire has the other form (see ``hasHighS``).
    public let signature: Signature

    /// The signature as it is in ``raw``.
    public let wireSignature: RawSignature

    /// The canonical bytes that `eth_sendRawTransaction` takes (EIP-2718).
    public let raw: [UInt8]

    /// Whether s on the wire is in the upper half of the group, which every fork since Homestead refuses (EIP-2).
    public var hasHighS: Bool { wireSignature.hasHighS }

    init(_ transaction: Transaction, _ wire: RawSignature, _ signature: Signature) {
        self.transaction = transaction
        self.signature = signature
        wireSignature = wire
        raw =
            switch transaction {
            case .legacy(let transaction): transaction.encoded(wire)
            case .accessList(let transaction): transaction.encoded(wire)
            case .dynamicFee(let transaction): transaction.encoded(wire)
            }
    }

    /// Decodes a raw transaction of type 0, 1 or 2. Only the canonical form is accepted: re-encoding gives the same bytes.
    ///
    /// What is decoded may still be refused by the rules of a fork, see ``issues(fork:chainID:)``.
    ///
    /// - Throws: ``TransactionError``.
    public init(decoding raw: [UInt8]) throws(TransactionError) {
        guard let first = raw.first else { throw .empty }
        do {
            switch first {
            case 0xc0...0xff:
                let (transaction, wire) = try LegacyTransaction.decode(try RLP.decode(raw))
                self.init(.legacy(transaction), wire, try wire.normalized())
            case AccessListTransaction.type:
                let (transaction, wire) = try AccessListTransaction.decode(try RLP.decode(raw.dropFirst()))
                self.init(.accessList(transaction), wire, try wire.normalized())
            case DynamicFeeTransaction.type:
                let (transaction, wire) = try DynamicFeeTransaction.decode(try RLP.decode(raw.dropFirst()))
                self.init(.dynamicFee(transaction), wire, try wire.normalized())
            default:
                throw TransactionError.unsupportedType(first)
            }
        } catch let error as TransactionError {
            throw error
        } catch let error as RLPError {
            throw .rlp(error)
        } catch let error as SignatureError {
            throw .signature(error)
        } catch {
            throw .notAList
        }
    }

    /// Hash of the raw bytes, under which the chain knows the transaction.
    public var hash: Bytes32 { Keccak256.hash(raw) }

    /// The address that signed. Recovered anew by each call.
    ///
    /// - Throws: ``SignatureError/notRecoverable``.
    public func sender() throws(SignatureError) -> Address {
        try signature.recoverAddress(digest: transaction.signingDigest)
    }
}
