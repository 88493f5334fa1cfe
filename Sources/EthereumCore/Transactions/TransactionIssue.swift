/// Why a fork or a chain refuses a transaction that is well-formed.
public enum TransactionIssue: Sendable, Hashable, CustomStringConvertible {
    /// Another chain's id, or none where one was expected.
    case wrongChain(expected: UInt64, found: UInt64)
    /// Chain id 0, which no chain has.
    case chainIDZero
    /// The envelope, or the replay protection of EIP-155, is newer than the fork.
    case notYetSupported
    /// s is in the upper half of the group (EIP-2).
    case highS
    /// No public key belongs to the signature.
    case unrecoverable
    /// The nonce is 2^64 - 1 (EIP-2681).
    case nonceTooLarge
    /// The gas limit covers neither the intrinsic gas nor, since Prague, the floor of the data (EIP-7623).
    case gasLimitTooLow(required: UInt64)
    /// Gas limit times gas price does not fit into 256 bits.
    case costOverflow
    /// The priority fee exceeds the whole fee (EIP-1559).
    case priorityFeeAboveMaxFee
    /// The code that creates a contract has more than 49,152 bytes (EIP-3860).
    case initCodeTooLarge(Int)

    /// A stable name for programs.
    public var code: String {
        switch self {
        case .wrongChain: "wrong_chain"
        case .chainIDZero: "chain_id_zero"
        case .notYetSupported: "not_yet_supported"
        case .highS: "high_s"
        case .unrecoverable: "unrecoverable"
        case .nonceTooLarge: "nonce_too_large"
        case .gasLimitTooLow: "gas_limit_too_low"
        case .costOverflow: "cost_overflow"
        case .priorityFeeAboveMaxFee: "priority_fee_above_max_fee"
        case .initCodeTooLarge: "init_code_too_large"
        }
    }

    /// One line for people, with the standard.
    public var description: String {
        switch self {
        case .wrongChain(let expected, let found): "chain id is \(found), expected \(expected)"
        case .chainIDZero: "no chain has the id 0"
        case .notYetSupported: "the fork does not know this kind of transaction"
        case .highS: "s is in the upper half of the group; no fork since Homestead accepts that (EIP-2)"
        case .unrecoverable: "no public key belongs to the signature"
        case .nonceTooLarge: "the nonce is 2^64 - 1 (EIP-2681)"
        case .gasLimitTooLow(let required): "the gas limit is below the \(required) that are due before anything runs"
        case .costOverflow: "gas limit times gas price does not fit into 256 bits"
        case .priorityFeeAboveMaxFee: "maxPriorityFeePerGas is above maxFeePerGas (EIP-1559)"
        case .initCodeTooLarge(let count): "\(count) bytes of init code, more than 49152 (EIP-3860)"
        }
    }
}

extension SignedTransaction {
    private static let maxInitCode = 49_152

    /// What the rules of a fork, and of a chain if one is given, say against this transaction; empty when it is valid.
    ///
    /// Only what follows from the transaction itself: balances, nonces and base fees are the chain's to judge. The default
    /// fork is ``Fork/latest``.
    public func issues(fork: Fork = .latest, chainID: UInt64? = nil) -> [TransactionIssue] {
        var issues: [TransactionIssue] = []
        if !isKnown(to: fork) { issues.append(.notYetSupported) }
        if let chainID, let own = transaction.chainID, own != chainID {
            issues.append(.wrongChain(expected: chainID, found: own))
        }
        if transaction.chainID == 0 { issues.append(.chainIDZero) }
        if hasHighS, fork >= .homestead { issues.append(.highS) }
        if (try? sender()) == nil { issues.append(.unrecoverable) }
        if transaction.nonce == .max { issues.append(.nonceTooLarge) }
        let required = transaction.requiredGas(fork: fork)
        if transaction.gasLimit < required { issues.append(.gasLimitTooLow(required: required)) }
        let gas = UInt256(transaction.gasLimit)
        if gas.multipliedReportingOverflow(by: transaction.maxFeePerGas).overflow { issues.append(.costOverflow) }
        if transaction.maxPriorityFeePerGas > transaction.maxFeePerGas { issues.append(.priorityFeeAboveMaxFee) }
        if fork >= .shanghai, transaction.to == nil, transaction.data.count > Self.maxInitCode {
            issues.append(.initCodeTooLarge(transaction.data.count))
        }
        return issues
    }

    private func isKnown(to fork: Fork) -> Bool {
        switch transaction {
        case .legacy(let transaction): transaction.chainID == nil || fork >= .spuriousDragon
        case .accessList: fork >= .berlin
        case .dynamicFee: fork >= .london
        }
    }
}
