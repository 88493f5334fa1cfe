public import EthereumCore
public import OrakeyKey

/// Something the agent has promised to do on chain, at most once.
///
/// An intent is journaled before anything else happens. It is carried by one ``TransactionSlot``: one nonce, whatever
/// number of attempts (replacements with other fees) that takes.
public struct Intent: Sendable, Equatable {
    public enum Kind: String, Sendable { case create, disable, setRevoker = "set_revoker", deploy }

    /// What is to be done.
    public enum Payload: Sendable, Equatable {
        /// Create this many keys.
        case create(count: Int)
        /// Disable these keys of the own account.
        case disable([Bytes32])
        /// Appoint the revoker; the zero address withdraws it.
        case setRevoker(Address)
    }

    /// | from | event | to |
    /// | --- | --- | --- |
    /// | planned | bytes signed and on disk | signed |
    /// | signed | an endpoint took the bytes | broadcast |
    /// | signed, broadcast | receipt seen | mined |
    /// | mined | reorged away | broadcast |
    /// | mined | deep enough | confirmed or failed (reverted) |
    /// | signed, broadcast | a foreign transaction took the nonce for good | planned |
    /// | planned | its keys are dead already, whoever disabled them | confirmed |
    /// | planned | the contract refuses a create or a revoker | failed |
    /// | planned | withdrawn by an operator | cancelled |
    /// | mined | an attempt without the withdrawn intent is deep enough | cancelled |
    public enum State: String, Sendable, CaseIterable {
        case planned, signed, broadcast, mined, confirmed, failed, cancelled

        /// Whether nothing more will happen to the intent.
        public var isFinal: Bool { self == .confirmed || self == .failed || self == .cancelled }
    }

    public let id: Int64
    public let network: NetworkName
    public var payload: Payload
    public var state: State
    /// Pays for speed: revocations.
    public var isUrgent: Bool
    /// A retiring key's disable waits until its grace is over.
    public var notBefore: Timestamp
    public var createdAt: Timestamp
    public var slot: Int64?
    public var nonce: UInt64?
    public var block: UInt64?
    public var transaction: Bytes32?
    /// The messages this intent created or disabled, once known.
    public var messages: [Bytes32]
    public var error: String?

    public init(
        id: Int64, network: NetworkName, payload: Payload, isUrgent: Bool, notBefore: Timestamp, createdAt: Timestamp
    ) {
        self.id = id
        self.network = network
        self.payload = payload
        self.state = .planned
        self.isUrgent = isUrgent
        self.notBefore = notBefore
        self.createdAt = createdAt
        self.messages = if case .disable(let messages) = payload { messages } else { [] }
    }

    /// How many keys it creates; 0 for other kinds.
    public var keyCount: Int { if case .create(let count) = payload { count } else { 0 } }

    public var kind: Kind {
        switch payload {
        case .create: .create
        case .disable: .disable
        case .setRevoker: .setRevoker
        }
    }
}
