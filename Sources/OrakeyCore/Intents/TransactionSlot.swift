public import EthereumCore
public import OrakeyKey

/// One nonce of the wallet and everything that was ever signed for it.
///
/// Whatever attempt the chain takes, the effect is the same, or none: all attempts carry the same call, save those that
/// withdraw it. That makes replacing a stuck transaction safe, and it is why an intent never moves to another nonce while this one may still be mined.
public struct TransactionSlot: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        /// Signed bytes are on disk; no endpoint is known to have them.
        case signed
        /// An endpoint took at least one attempt.
        case broadcast
        /// A receipt was seen in this block.
        case mined(Inclusion)
        /// The receipt is deep enough to count.
        case confirmed(Inclusion)
        /// Somebody else's transaction took the nonce, and at this settled block it was there for good. The bytes stay
        /// known: a deep reorg may give the nonce back.
        case lost(at: UInt64)
    }

    /// Where a transaction was included.
    public struct Inclusion: Sendable, Equatable {
        public let block: UInt64
        public let blockHash: Bytes32
        public let transaction: Bytes32

        public init(block: UInt64, blockHash: Bytes32, transaction: Bytes32) {
            self.block = block
            self.blockHash = blockHash
            self.transaction = transaction
        }
    }

    public let id: Int64
    public let network: NetworkName
    public let nonce: UInt64
    /// The call, the same in every attempt.
    public let callData: [UInt8]
    public let gasLimit: UInt64
    public var isUrgent: Bool
    public var state: State
    public var attempts: [Attempt]
    /// The intents this slot carries out, in the order of their effects.
    /// Without any, the slot only has to take its nonce.
    public var intents: [Int64]
    /// An operator has withdrawn the intents: a transaction without effect is to take the nonce.
    public var isWithdrawn: Bool

    public init(
        id: Int64, network: NetworkName, nonce: UInt64, callData: [UInt8], gasLimit: UInt64, isUrgent: Bool,
        state: State = .signed, attempts: [Attempt], intents: [Int64], isWithdrawn: Bool = false
    ) {
        self.id = id
        self.network = network
        self.nonce = nonce
        self.callData = callData
        self.gasLimit = gasLimit
        self.isUrgent = isUrgent
        self.state = state
        self.attempts = attempts
        self.intents = intents
        self.isWithdrawn = isWithdrawn
    }

    /// Whether the slot still needs looking after.
    public var isOpen: Bool {
        switch state {
        case .signed, .broadcast, .mined: true
        case .confirmed, .lost: false
        }
    }

    /// Whether the slot only has to take its nonce.
    public var isWithoutEffect: Bool { isWithdrawn || intents.isEmpty }

    /// Whether somebody else's transaction has the nonce.
    public var isLost: Bool { if case .lost = state { true } else { false } }
}

/// One signed transaction of a slot.
public struct Attempt: Sendable, Equatable {
    public let hash: Bytes32
    /// The signed bytes exactly as they go out.
    public let raw: [UInt8]
    public let fees: FeeOffer
    /// Whether the offer was made for an urgent transaction.
    public let isUrgent: Bool
    /// Whether it takes the nonce without doing anything: an operator has withdrawn the slot's intents.
    public let isCancellation: Bool
    /// When the bytes were journaled.
    public let signedAt: Timestamp
    /// When the bytes were last handed to an endpoint.
    public var sentAt: Timestamp?

    public init(
        hash: Bytes32, raw: [UInt8], fees: FeeOffer, isUrgent: Bool, isCancellation: Bool = false, signedAt: Timestamp,
        sentAt: Timestamp? = nil
    ) {
        self.hash = hash
        self.raw = raw
        self.fees = fees
        self.isUrgent = isUrgent
        self.isCancellation = isCancellation
        self.signedAt = signedAt
        self.sentAt = sentAt
    }
}
