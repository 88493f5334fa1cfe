import EthereumRPC
import OrakeyConfig

/// What one look at the chain leaves for the next.
struct WorkerTurn {
    var head: Block?
    var checkedCode = false
    /// The branch of the chain that was seen.
    var branch = BranchMemory()
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

    /// Whether the last look was answered by a chain that ends before what was seen: all endpoints lag.
    var isBehind = false
    /// Looks in a row at one and the same head.
    private var standstill = 0

    private var sinceErrand = 0
    private var errands = 0

    /// While something is under way, the keys in use are checked after this many looks.
    static let looksPerCheck = 30
    /// On an idle network every so many looks one is an errand.
    static let looksPerErrand = 4

    /// After so many looks at the same head another endpoint is asked whether the chain has gone on.
    static let looksPerComparison = 8

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

    /// The head is the same again; says whether it is time to ask another endpoint.
    mutating func standsStill() -> Bool {
        isBehind = false
        standstill += 1
        return standstill.isMultiple(of: Self.looksPerComparison)
    }

    /// A view of this head was acted on.
    mutating func acted(on head: Block) {
        self.head = head
        isBehind = false
        standstill = 0
        branch.acted(on: HeadMark(head))
    }

    /// A number that grows with each errand.
    var errandNumber: Int { errands }
}

extension Confirmations {
    /// Whether the settled block is one that endpoints name.
    var areNamed: Bool { if case .depth = self { false } else { true } }
}
