public import EthereumCore

/// One record of the audit as it is stored: a place in the chain, what happened, and the code that binds both to
/// everything before.
public struct AuditEntry: Sendable, Equatable {
    /// From 1, without gaps.
    public let sequence: Int64
    /// Which key the code was made with; nil where the wallet had not been unlocked yet in that run.
    public let epoch: Bytes32?
    /// What happened, as one JSON object.
    public let body: [UInt8]
    /// HMAC-SHA-256 over the code of the record before, sequence, epoch and body; SHA-256 where there is no epoch.
    public let code: Bytes32

    public init(sequence: Int64, epoch: Bytes32?, body: [UInt8], code: Bytes32) {
        self.sequence = sequence
        self.epoch = epoch
        self.body = body
        self.code = code
    }
}

/// The end of the chain. It changes in the same commit as the last record, so that a cut tail shows.
public struct AuditHead: Sendable, Equatable {
    public var sequence: Int64
    public var code: Bytes32
    /// The last record that was made with a key. It stays while the wallet is locked, so that records with a code can't
    /// be cut off and replaced by records without.
    public var seal: Seal?

    /// A head that only the holder of the wallet's key can have made.
    public struct Seal: Sendable, Equatable {
        public let sequence: Int64
        public let code: Bytes32
        public let epoch: Bytes32
        /// HMAC-SHA-256 over sequence and code.
        public let tag: Bytes32

        public init(sequence: Int64, code: Bytes32, epoch: Bytes32, tag: Bytes32) {
            self.sequence = sequence
            self.code = code
            self.epoch = epoch
            self.tag = tag
        }
    }

    public init(sequence: Int64, code: Bytes32, seal: Seal?) {
        self.sequence = sequence
        self.code = code
        self.seal = seal
    }

    /// Before the first record.
    public static let empty = AuditHead(sequence: 0, code: .zero, seal: nil)
}

/// The record before the oldest that is kept, as the `pruned` record that let go of it names it.
public struct AuditBase: Sendable, Equatable {
    /// The first record that is kept.
    public let first: Int64
    /// The code of the one before.
    public let previous: Bytes32

    public init(first: Int64, previous: Bytes32) {
        self.first = first
        self.previous = previous
    }

    /// The base of an audit of which nothing was ever let go.
    public static let beginning = AuditBase(first: 1, previous: .zero)
}
