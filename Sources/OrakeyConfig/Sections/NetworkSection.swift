public import EthereumCore
public import EthereumWallet
public import OrakeyKey

/// One entry of `networks:`, a chain on which this wallet holds keys.
public struct NetworkSection: Equatable, Sendable {
    /// The name, which is also the prefix of the network's keys.
    public var name: NetworkName
    /// The chain id (EIP-155), checked against every endpoint before its first use.
    public var chainID: UInt64
    /// The JSON-RPC endpoints in order of preference. Never empty; no address twice.
    public var rpc: [EndpointURL]
    /// The key contract, or `nil` before it is deployed.
    public var contract: Address?
    /// When a transaction counts as settled.
    public var confirmations: Confirmations
    /// What a transaction may cost.
    public var fees: FeeSection
    /// How many keys are kept ready.
    public var pool: PoolSection
    /// How a key string is laid out.
    public var layout: KeyLayout
    /// How the contract's message is signed.
    public var signing: SigningScheme
    /// The derivation path of the owner on this network: the network's own `path` or `account`, else the wallet's,
    /// else `m/44'/60'/0'/0/0`.
    public var path: DerivationPath
    /// How often the chain is looked at.
    public var pollInterval: Duration
    /// How many endpoints have to agree on a read, from 1 to the number of endpoints.
    public var quorum: Int
    /// Whether another host is meant to create and disable keys of this owner. If not, such a change is an alarm.
    public var sharedWallet: Bool
    /// The balance of the owner below which there is an alarm. In wei; `nil` for none.
    public var lowBalance: UInt64?
    /// The names in a contract that is not the reference contract, or `nil` for the reference contract.
    public var abi: ABISection?
}

/// When a mined transaction counts as settled.
public enum Confirmations: Equatable, Sendable {
    /// At this depth, which is head - block + 1: 1 means included in the head block.
    case depth(UInt64)
    /// When its block is at or below the chain's `safe` block.
    case safe
    /// When its block is at or below the chain's `finalized` block.
    case finalized
}

/// `pool:`, keys that are created ahead of need.
public struct PoolSection: Equatable, Sendable {
    /// How many confirmed keys that nobody has seen are kept ready. 0 creates each key when it is asked for.
    public var target: Int

    /// Settings of a pool.
    public init(target: Int = 4) {
        self.target = target
    }
}

/// `abi:`, the names in a contract that does the work of the reference contract under other names.
public struct ABISection: Equatable, Sendable {
    /// The absolute path of the ABI's JSON file.
    public var file: String
    /// The function that creates one key. A name, or a signature where the name is overloaded.
    public var create: String
    /// The function that creates several keys, taking their number, if there is one.
    public var createMany: String?
    /// The function that disables one key, taking its message.
    public var disable: String
    /// The function that disables several keys, taking their messages, if there is one.
    public var disableMany: String?
    /// The view that says whether a key is active, taking owner and message.
    public var status: String
    /// The event that announces a created key.
    public var createdEvent: String
    /// The event that announces a disabled key.
    public var disabledEvent: String
}
