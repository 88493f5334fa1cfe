public import EthereumCore
public import OrakeyKey

/// One row of the journal as it is to be after a decision. A decision's changes are committed together or not at all.
public enum Change: Sendable {
    case key(KeyRecord)
    case intent(Intent)
    case slot(TransactionSlot)
    case consumer(ConsumerRecord)
    case cursor(NetworkName, Cursor)
    case reply(IdempotentReply)
    /// Replies that have lasted long enough are let go of.
    case oldReplies(ReplyRetention, at: Timestamp)
    case recovered(RecoveredKeys)
    case revocation(Revocation)
    case audit(AuditEntry)
    case auditHead(AuditHead)
    /// Audit records before this one are let go of.
    case auditBase(AuditBase)
    case alarm(NetworkName, Alarm)
    case alarmOver(NetworkName, Alarm.Code)
}

/// Keys that the contract held before there was any history. There may be a million of them: they live in the journal
/// only, and are loaded when something happens to one.
public struct RecoveredKeys: Sendable {
    public let network: NetworkName
    public let owner: Address
    /// The block at which the contract was asked.
    public let block: UInt64
    public let keys: [(message: Bytes32, isActive: Bool)]

    public init(network: NetworkName, owner: Address, block: UInt64, keys: [(message: Bytes32, isActive: Bool)]) {
        self.network = network
        self.owner = owner
        self.block = block
        self.keys = keys
    }
}

/// Up to where the ledger has followed the chain.
public struct Cursor: Sendable, Equatable {
    /// The highest settled block whose events are in the ledger.
    public let block: UInt64
    /// Its hash, if it was read.
    public let hash: Bytes32?
    /// The head at that time: what a shorter chain is measured by.
    public let seen: SeenHead?

    public init(block: UInt64, hash: Bytes32?, seen: SeenHead? = nil) {
        self.block = block
        self.hash = hash
        self.seen = seen
    }
}

/// A head block that was seen, by what tells old from new.
public struct SeenHead: Sendable, Equatable {
    public let number: UInt64
    /// In seconds since 1970.
    public let timestamp: UInt64

    public init(number: UInt64, timestamp: UInt64) {
        self.number = number
        self.timestamp = timestamp
    }
}

/// What the agent remembers of a consumer on a network.
public struct ConsumerRecord: Sendable, Equatable {
    public let network: NetworkName
    public let name: String
    /// How many keys the consumer has been given.
    public var generation: UInt64
    /// The message of its current key.
    public var current: Bytes32?
    /// A rotation that waits for a key; the value is the grace period in seconds.
    public var pendingRotation: Int64?
    /// Its grace period in seconds as last configured, for the time when it is configured no longer.
    public var grace: Int64?

    public init(
        network: NetworkName, name: String, generation: UInt64 = 0, current: Bytes32? = nil,
        pendingRotation: Int64? = nil, grace: Int64? = nil
    ) {
        self.network = network
        self.name = name
        self.generation = generation
        self.current = current
        self.pendingRotation = pendingRotation
        self.grace = grace
    }
}

/// One network's part of the reply to a call that carried an `Idempotency-Key`, so that a repeat gets the same one.
public struct IdempotentReply: Sendable, Equatable {
    public let key: String
    public let network: NetworkName
    /// SHA-256 of the call: a repeat with other contents is refused.
    public let request: Bytes32
    public let intents: [Int64]
    public let fingerprints: [String]
    /// Messages of keys that go as soon as there is a successor.
    public let awaiting: [Bytes32]
    public let createdAt: Timestamp

    public init(
        key: String, network: NetworkName, request: Bytes32, intents: [Int64], fingerprints: [String],
        awaiting: [Bytes32] = [], createdAt: Timestamp
    ) {
        self.key = key
        self.network = network
        self.request = request
        self.intents = intents
        self.fingerprints = fingerprints
        self.awaiting = awaiting
        self.createdAt = createdAt
    }
}
