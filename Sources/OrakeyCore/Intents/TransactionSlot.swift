public import EthereumCore
public import OrakeyKey

/// One nonce of the wallet and everything that was ever signed for it.
///
/// The chain takes one attempt, and that one says which intents it carries out: usually all of them the same, save those
/// signed after an intent was withdrawn. That makes replacing a stuck transaction safe, and it is why an intent never
/// moves to another nonce while this one may still be mined.
public struct TransactionSlot: Sendable, Equatable {
    /// | from | event | to |
    /// | --- | --- | --- |
    /// | signed | an endpoint took an attempt | broadcast |
    /// | broadcast | another attempt is signed and on disk | signed |
    /// | signed, broadcast | receipt seen | mined |
    /// | mined, confirmed | reorged away | broadcast |
    /// | signed, broadcast, mined | receipt seen deep enough | confirmed |
    /// | signed, broadcast | the nonce is spent for good, and no attempt has a receipt | lost |
    /// | lost | a reorg gave the nonce back, or mined an attempt after all | broadcast |
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
    /// The call of the newest attempt; empty where that only takes the nonce.
    public var callData: [UInt8]
    public let gasLimit: UInt64
    public var isUrgent: Bool
    public var state: State
    public var attempts: [Attempt]
    /// The intents this slot is to carry out, in the order of their effects. Without any, it only has to take its nonce.
    /// An intent that was withdrawn is not among them, though earlier attempts may still carry it out.
    public var intents: [Int64]

    public init(
        id: Int64, network: NetworkName, nonce: UInt64, callData: [UInt8], gasLimit: UInt64, isUrgent: Bool,
        state: State = .signed, attempts: [Attempt], intents: [Int64]
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
    }

    /// Whether the slot still needs looking after.
    public var isOpen: Bool {
        switch state {
        case .signed, .broadcast, .mined: true
        case .confirmed, .lost: false
        }
    }

    /// Whether the newest attempt carries out something else than what is wanted by now.
    public var isToBeAmended: Bool { attempts.last.map { $0.intents != intents } ?? false }

    /// Every intent that some attempt carries out, or that the slot is to carry out.
    public var allIntents: [Int64] {
        var seen = Set<Int64>()
        return (intents + attempts.flatMap(\.intents)).filter { seen.insert($0).inserted }
    }

    /// Whether a receipt was seen that is not deep enough yet.
    var isMined: Bool { if case .mined = state { true } else { false } }

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
    /// The intents that it carries out, in the order of their effects; none where it only takes the nonce.
    public let intents: [Int64]
    /// When the bytes were journaled.
    public var signedAt: Timestamp
    /// When the bytes were last handed to an endpoint.
    public var sentAt: Timestamp?

    public init(
        hash: Bytes32, raw: [UInt8], fees: FeeOffer, isUrgent: Bool, intents: [Int64], signedAt: Timestamp,
        sentAt: Timestamp? = nil
    ) {
        self.hash = hash
        self.raw = raw
        self.fees = fees
        self.isUrgent = isUrgent
        self.intents = intents
        self.signedAt = signedAt
        self.sentAt = sentAt
    }
}
