public import EthereumCore
public import EthereumWallet
public import OrakeyConfig
public import OrakeyContract
public import OrakeyKey

/// Everything the agent needs to know about one network, with the configuration's names resolved.
public struct NetworkProfile: Sendable {
    public var name: NetworkName
    public var chainID: UInt64
    /// The account at ``path``; the zero address until the wallet has been unlocked once.
    public var owner: Address
    public var path: DerivationPath
    public var contract: ContractDescription
    public var confirmations: Confirmations
    public var fees: FeePolicy
    /// How many unused keys to keep ready.
    public var poolTarget: Int
    /// Another host uses the same wallet: its creates and disables are no alarm.
    public var isSharedWallet: Bool
    public var layout: KeyLayout
    public var scheme: SigningScheme
    /// Time between two looks at the chain.
    public var pollInterval: Duration
    /// Hand-out stops when the view of the chain is older than this many seconds; nil never.
    public var maxViewAge: Int64?
    /// A balance below this many wei raises an alarm; nil never.
    public var lowBalance: UInt256?

    public init(
        name: NetworkName, chainID: UInt64, owner: Address, path: DerivationPath, contract: ContractDescription,
        confirmations: Confirmations, fees: FeePolicy, poolTarget: Int, isSharedWallet: Bool, layout: KeyLayout,
        scheme: SigningScheme, pollInterval: Duration, maxViewAge: Int64?, lowBalance: UInt256?
    ) {
        self.name = name
        self.chainID = chainID
        self.owner = owner
        self.path = path
        self.contract = contract
        self.confirmations = confirmations
        self.fees = fees
        self.poolTarget = poolTarget
        self.isSharedWallet = isSharedWallet
        self.layout = layout
        self.scheme = scheme
        self.pollInterval = pollInterval
        self.maxViewAge = maxViewAge
        self.lowBalance = lowBalance
    }
}

extension NetworkProfile {
    /// The profile that the configuration describes; its owner is not known yet.
    ///
    /// - Throws: ``ContractError`` where the contract's ABI does not fit.
    public init(_ section: NetworkSection, contract: Address, limits: LimitSection) throws {
        self.init(
            name: section.name, chainID: section.chainID, owner: .zero, path: section.path,
            contract: try ContractDescription(settings: section, address: contract),
            confirmations: section.confirmations,
            fees: FeePolicy(
                maxFee: UInt256(section.fees.maxFeePerGas), maxTip: UInt256(section.fees.maxPriorityFeePerGas),
                fixedTip: section.fees.priorityFeePerGas.map { UInt256($0) }, bumpPercent: section.fees.bumpPercent,
                resubmitAfter: section.fees.resubmitAfter.components.seconds),
            poolTarget: section.pool.target, isSharedWallet: section.sharedWallet, layout: section.layout,
            scheme: section.signing, pollInterval: section.pollInterval,
            maxViewAge: limits.maximumChainAge?.components.seconds, lowBalance: section.lowBalance.map { UInt256($0) })
    }
}
