import EthereumCore
import EthereumRPC
import OrakeyConfig

/// What one look at the chain leaves for the next.
struct WorkerTurn {
    var head: Block?
    var checkedCode = false
    /// Hashes of recent blocks, as heads and their parents told them.
    private(set) var hashes: [UInt64: Bytes32] = [:]
    /// Whether the ledger's cursor is known to be on the chain below ``head``.
    var isAnchored = false
    /// The settled block as an endpoint last named it (`safe`, `finalized`).
    var settled: UInt64?
    /// A settled block that may become the cursor once the present cursor is seen to be on the same chain.
    var candidate: Cursor?
    /// The events that the last look has seen.
    var events: Set<EventPosition> = []
    /// Looks since the keys in use were checked, while something was under way.
    var sinceCheck = 0

    private var sinceErrand = 0
    private var errands = 0

    /// While something is under way, the keys in use are checked after this many looks.
    static let looksPerCheck = 30
    /// On an idle network every so many looks one is an errand.
    static let looksPerErrand = 4

    /// What is looked at now and then. Each takes one call.
    enum Errand: CaseIterable {
        case balance, keysInUse
        /// Reads the settled block: where the cursor is to go.
        case settledBlock
        /// Reads the cursor's block: whether it is still there.
        case cursor
    }

    /// The errand of this look, if it is the time for one.
    mutating func nextErrand(confirmationsAreNamed: Bool) -> Errand? {
        sinceErrand += 1
        guard sinceErrand >= Self.looksPerErrand else { return nil }
        sinceErrand = 0
        errands += 1
        if !isAnchored { return [.settledBlock, .balance, .cursor, .keysInUse][errands % 4] }
        if confirmationsAreNamed { return [.settledBlock, .balance, .keysInUse][errands % 3] }
        return [.balance, .keysInUse][errands % 2]
    }

    /// A number that grows with each errand.
    var errandNumber: Int { errands }

    mutating func remember(_ block: Block) {
        // Another branch: what was known above its root may be wrong.
        if let known = hashes[block.number], known != block.hash { hashes = [:] }
        if block.number > 0 {
            if let known = hashes[block.number - 1], known != block.parentHash { hashes = [:] }
            hashes[block.number - 1] = block.parentHash
        }
        hashes[block.number] = block.hash
        if hashes.count > 512 { hashes = hashes.filter { $0.key + 256 > block.number } }
    }

    mutating func remember(_ hash: Bytes32?, of number: UInt64) { hashes[number] = hash }
}

extension Confirmations {
    /// Whether the settled block is one that endpoints name.
    var areNamed: Bool { if case .depth = self { false } else { true } }
}
