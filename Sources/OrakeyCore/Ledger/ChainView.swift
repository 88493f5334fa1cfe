public import EthereumCore

/// A block as the agent refers to it.
public struct BlockReference: Sendable, Equatable {
    public let number: UInt64
    public let hash: Bytes32
    public let timestamp: UInt64

    public init(number: UInt64, hash: Bytes32, timestamp: UInt64) {
        self.number = number
        self.hash = hash
        self.timestamp = timestamp
    }
}

/// One event of the contract that concerns the owner.
public struct KeyEvent: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case created, disabled }

    public let kind: Kind
    public let message: Bytes32
    public let inclusion: TransactionSlot.Inclusion
    /// Position in the block; with the block it orders events.
    public let logIndex: UInt64

    public init(kind: Kind, message: Bytes32, inclusion: TransactionSlot.Inclusion, logIndex: UInt64) {
        self.kind = kind
        self.message = message
        self.inclusion = inclusion
        self.logIndex = logIndex
    }
}

/// Where an event is; the same in every answer that tells of it.
struct EventPosition: Hashable {
    let number: UInt64
    let block: Bytes32
    let index: UInt64

    init(_ event: KeyEvent) {
        number = event.inclusion.block
        block = event.inclusion.blockHash
        index = event.logIndex
    }
}

/// What became of one signed transaction.
public struct ReceiptView: Sendable, Equatable {
    public let inclusion: TransactionSlot.Inclusion
    public let succeeded: Bool
    public let events: [KeyEvent]

    public init(inclusion: TransactionSlot.Inclusion, succeeded: Bool, events: [KeyEvent]) {
        self.inclusion = inclusion
        self.succeeded = succeeded
        self.events = events
    }
}

/// The owner's account at one moment.
public struct AccountView: Sendable, Equatable {
    /// The next nonce at the head.
    public let nonce: UInt64
    /// The next nonce at the settled block.
    public let settledNonce: UInt64
    /// In wei.
    public let balance: UInt256

    public init(nonce: UInt64, settledNonce: UInt64, balance: UInt256) {
        self.nonce = nonce
        self.settledNonce = settledNonce
        self.balance = balance
    }
}

/// One look at the chain: all that a ledger decides from.
public struct ChainView: Sendable {
    public let head: BlockReference
    /// The highest block that counts as settled.
    public let settled: UInt64
    /// The hash of the settled block where it was read, to notice a reorg below it later.
    public let settledHash: Bytes32?
    /// The account, where it was read: an idle network is looked at without it.
    public let account: AccountView?
    /// The first block of the scanned range; the last is the head.
    public let scannedFrom: UInt64
    public let events: [KeyEvent]
    /// By transaction hash, for every attempt that was asked for.
    public let receipts: [Bytes32: ReceiptView]

    public init(
        head: BlockReference, settled: UInt64, settledHash: Bytes32?, account: AccountView?, scannedFrom: UInt64,
        events: [KeyEvent], receipts: [Bytes32: ReceiptView]
    ) {
        self.head = head
        self.settled = settled
        self.settledHash = settledHash
        self.account = account
        self.scannedFrom = scannedFrom
        self.events = events
        self.receipts = receipts
    }
}

/// What the contract holds for an owner before the ledger begins to follow its events.
public struct Baseline: Sendable {
    public let block: BlockReference
    /// Every key of the owner at that block.
    public let keys: [(message: Bytes32, isActive: Bool)]

    public init(block: BlockReference, keys: [(message: Bytes32, isActive: Bool)]) {
        self.block = block
        self.keys = keys
    }
}
