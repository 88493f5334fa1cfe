public import EthereumCore
public import OrakeyKey

/// One transaction of the revoker: one nonce of its account, and everything that was ever signed for it.
///
/// All attempts disable the same keys, and the contract passes over those that are dead already: whatever attempt the
/// chain takes, and however often, the effect is the same.
public struct Revocation: Sendable, Equatable {
    /// | from | event | to |
    /// | --- | --- | --- |
    /// | open | a receipt was seen | mined |
    /// | mined | reorged away | open |
    /// | mined | deep enough | done, or failed (reverted) |
    /// | open | somebody else's transaction has the nonce for good | lost |
    public enum State: String, Sendable {
        case open, mined, done, failed, lost
    }

    public let id: Int64
    public let network: NetworkName
    /// The account that signs.
    public let revoker: Address
    public let nonce: UInt64
    public let messages: [Bytes32]
    public let gasLimit: UInt64
    public var state: State
    public var attempts: [Attempt]
    /// Where it was mined.
    public var inclusion: TransactionSlot.Inclusion?

    public init(
        id: Int64, network: NetworkName, revoker: Address, nonce: UInt64, messages: [Bytes32], gasLimit: UInt64,
        state: State = .open, attempts: [Attempt], inclusion: TransactionSlot.Inclusion? = nil
    ) {
        self.id = id
        self.network = network
        self.revoker = revoker
        self.nonce = nonce
        self.messages = messages
        self.gasLimit = gasLimit
        self.state = state
        self.attempts = attempts
        self.inclusion = inclusion
    }

    /// Whether it still needs looking after.
    public var isOpen: Bool { state == .open || state == .mined }
}

/// What the chain says of an open revocation.
public struct RevocationView: Sendable, Equatable {
    /// The receipt of one of its attempts.
    public let inclusion: TransactionSlot.Inclusion?
    public let succeeded: Bool
    /// The next nonce of the revoker at the settled block.
    public let settledNonce: UInt64
    public let settled: UInt64
    public let head: UInt64

    public init(
        inclusion: TransactionSlot.Inclusion?, succeeded: Bool, settledNonce: UInt64, settled: UInt64, head: UInt64
    ) {
        self.inclusion = inclusion
        self.succeeded = succeeded
        self.settledNonce = settledNonce
        self.settled = settled
        self.head = head
    }
}

/// The revoker's part on one network: at most one transaction at a time, so that its nonces have no gaps and nothing of
/// it waits behind anything.
///
/// A value that decides and does no input or output, like ``NetworkLedger``: what it wants is committed before it is
/// done.
public struct RevocationDesk: Sendable {
    /// The transaction under way.
    public private(set) var current: Revocation?
    /// The lowest nonce that was never used, as far as this journal knows.
    private var nextNonce: UInt64
    private var lostSightings = 0
    private var headAtOffer: UInt64?
    private var recent: [Bytes32]

    /// Ended transactions that are still told apart from a stranger's: their events may be seen later.
    private static let mostRecent = 256

    /// What to do about the transaction under way.
    public enum Step: Sendable, Equatable {
        case wait
        /// Hand the newest attempt to an endpoint (again).
        case broadcast(Attempt)
        /// Offer more.
        case replace
    }

    public init(restoring history: RevocationHistory) {
        current = history.open
        nextNonce = history.nextNonce
        recent = history.recent
    }

    /// The nonce for the next transaction.
    public func nonce(onChain next: UInt64) -> UInt64 { max(next, nextNonce) }

    /// Keys whose disable is under way here: the owner's account leaves them alone meanwhile.
    public var underWay: Set<Bytes32> { Set(current?.messages ?? []) }

    /// Transactions that are this host's though the owner did not sign them.
    public var transactions: [Bytes32] { recent + (current?.attempts.map(\.hash) ?? []) }

    /// Takes up a transaction whose first attempt is signed.
    public mutating func begin(_ revocation: Revocation, head: UInt64?) {
        current = revocation
        nextNonce = max(nextNonce, revocation.nonce + 1)
        lostSightings = 0
        headAtOffer = head
    }

    /// Adds an attempt with better fees.
    public mutating func replace(with attempt: Attempt, head: UInt64?) -> Revocation? {
        guard current?.state == .open else { return nil }
        current?.attempts.append(attempt)
        headAtOffer = head
        return current
    }

    /// An endpoint has the attempt.
    public mutating func sent(_ hash: Bytes32, at now: Timestamp) -> Revocation? {
        guard let index = current?.attempts.firstIndex(where: { $0.hash == hash }) else { return nil }
        current?.attempts[index].sentAt = now
        return current
    }

    /// Brings the transaction to what the chain says; returns it when that changed anything. One that has ended is
    /// handed back for the last time.
    public mutating func follow(_ view: RevocationView) -> Revocation? {
        guard var revocation = current else { return nil }
        let before = revocation
        if let inclusion = view.inclusion {
            lostSightings = 0
            revocation.inclusion = inclusion
            let isSettled = inclusion.block <= view.settled
            revocation.state = !isSettled ? .mined : view.succeeded ? .done : .failed
        } else {
            revocation.state = .open
            revocation.inclusion = nil
            // The nonce is spent for good and none of ours has a receipt; one lagging endpoint must not decide that.
            lostSightings = view.settledNonce > revocation.nonce ? lostSightings + 1 : 0
            if lostSightings >= NetworkLedger.lostSightingsNeeded { revocation.state = .lost }
        }
        if !revocation.isOpen { recent = (recent + revocation.attempts.map(\.hash)).suffix(Self.mostRecent) }
        current = revocation.isOpen ? revocation : nil
        return revocation == before ? nil : revocation
    }

    /// What is due about the transaction under way.
    public func due(at now: Timestamp, head: UInt64, resubmitAfter: Int64) -> Step {
        guard let current, current.state == .open, let newest = current.attempts.last else { return .wait }
        guard let sent = newest.sentAt else { return .broadcast(newest) }
        let age = now.seconds(since: min(newest.signedAt, sent))
        let wasPassedOver = headAtOffer.map { head > $0 } ?? true
        if age < 0 || age >= resubmitAfter, wasPassedOver { return .replace }
        return dueAtCap(at: now)
    }

    /// What is due where nothing better can be offered.
    public func dueAtCap(at now: Timestamp) -> Step {
        guard let newest = current?.attempts.last, let sent = newest.sentAt else { return .wait }
        let silence = now.seconds(since: sent)
        return silence < 0 || silence >= NetworkLedger.rebroadcastAfter ? .broadcast(newest) : .wait
    }
}

/// What the journal knows of a revoker's transactions on one network.
public struct RevocationHistory: Sendable, Equatable {
    public let open: Revocation?
    public let nextNonce: UInt64
    /// Transactions of those that ended not long ago.
    public let recent: [Bytes32]

    public init(open: Revocation?, nextNonce: UInt64, recent: [Bytes32]) {
        self.open = open
        self.nextNonce = nextNonce
        self.recent = recent
    }
}
