public import EthereumCore
public import OrakeyKey

/// Something the audit keeps.
public enum AuditEvent: Sendable {
    /// The service has started, with this version.
    case started(version: String)
    /// The service ends in order. Without this before the next start, it was killed.
    case stopped
    case unlocked
    case unlockRefused(reason: String)
    case locked(reason: String)
    /// The configuration was read anew and is in force.
    case reloaded(consumers: Int)
    case reloadRefused(reason: String)
    /// A key is about to be handed for the first time to a process.
    case handedOut(Handed)
    /// How often keys were handed again to processes that had them, since the last such record.
    case repeated([(handed: Handed, count: UInt64)])
    /// Requests that were refused.
    case denied([Denied])
    /// The audit could not be written for a while.
    case resumed(since: Timestamp)
    /// A key has changed its state; the record names the new one.
    case key(KeyChange, KeyRecord)
    /// Something is to be done on chain, or is not any more.
    case intent(Intent)
    /// The revoker is to disable keys: the transaction is signed and on disk.
    case revocation(Revocation)
    /// A block that is settled: everything before this record was written before its successors were known.
    case anchor(NetworkName, block: UInt64, hash: Bytes32)
    /// Records before `first` were let go of.
    case pruned(AuditBase)

    /// A key and the process it goes to.
    public struct Handed: Sendable, Hashable {
        public let consumer: String
        public let network: String
        public let fingerprint: Fingerprint
        public let userID: UInt32
        public let processID: Int32
        public let executable: String?
        public let unit: String?

        public init(_ handout: Handout, to peer: Peer) {
            consumer = handout.consumer
            network = handout.network.description
            fingerprint = handout.fingerprint
            userID = peer.userID
            processID = peer.processID
            executable = peer.executable
            unit = peer.units.last
        }
    }

    /// Refused requests of one user for one reason.
    public struct Denied: Sendable, Equatable {
        public let userID: UInt32
        /// The last process that asked.
        public let processID: Int32
        public let executable: String?
        public let reason: String
        public let count: UInt64

        public init(userID: UInt32, processID: Int32, executable: String?, reason: String, count: UInt64) {
            self.userID = userID
            self.processID = processID
            self.executable = executable
            self.reason = reason
            self.count = count
        }
    }

    /// What happened to a key.
    public enum KeyChange: String, Sendable {
        /// It is now its consumer's.
        case assigned
        /// Another took its place; it is valid until its grace is over.
        case retired
        /// It is out of circulation for good.
        case revoked
        /// The chain has confirmed its end.
        case disabled
        /// An operator took it into the pool.
        case adopted
        /// Somebody else created it with this wallet.
        case foreign
        /// Its create was reorged away.
        case orphaned
    }
}

extension AuditEvent {
    /// What a decision's changes are worth recording. `before` says how a key or intent stood until then.
    static func following(
        _ changes: [Change], key before: (Bytes32) -> KeyState?, isKnown: (Int64) -> Bool
    ) -> [AuditEvent] {
        var states: [Bytes32: KeyState] = [:]
        return changes.compactMap { change in
            switch change {
            case .key(let key):
                let old = states[key.message] ?? before(key.message)
                states[key.message] = key.state
                guard old != key.state, let kind = KeyChange(from: old, to: key.state) else { return nil }
                return .key(kind, key)
            case .intent(let intent):
                switch intent.state {
                case .planned: return isKnown(intent.id) ? nil : .intent(intent)
                case .failed, .cancelled: return .intent(intent)
                case .signed, .broadcast, .mined, .confirmed: return nil
                }
            default: return nil
            }
        }
    }
}

extension AuditEvent.KeyChange {
    init?(from old: KeyState?, to new: KeyState) {
        switch (old, new) {
        case (_, .current): self = .assigned
        case (_, .retiring): self = .retired
        case (.disabled, .disabling): return nil
        case (_, .disabling): self = .revoked
        case (_, .disabled): self = .disabled
        case (.foreign, .pooled), (.recovered, .pooled): self = .adopted
        case (_, .foreign): self = .foreign
        case (_, .orphaned): self = .orphaned
        default: return nil
        }
    }
}
