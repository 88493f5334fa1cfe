import EthereumCore
import EthereumRPC

/// What is remembered of the chain's newest blocks, to tell an endpoint that lags from a chain that has turned to another
/// branch.
struct BranchMemory {
    /// Hashes of recent blocks, as heads and their parents told them.
    private(set) var hashes: [UInt64: Bytes32] = [:]
    /// The newest block that was acted on, in this run or before; it stays when a look fails.
    private(set) var newest: SeenHead?
    /// Looks in a row at a chain that ended earlier.
    private var lags = 0

    /// What a head says, next to what was seen before.
    enum Standing: Equatable {
        /// As far as before, or further; whether it is the same branch the cursor's block tells.
        case onward
        /// Blocks are missing that were there: an endpoint behind on the same chain, or nothing shows that it is another.
        case behind
        /// Shorter, and certainly not the beginning of what was seen.
        case otherBranch
    }

    /// A chain only grows, unless it turns to another branch. A shorter one is another branch where a block differs from
    /// the one that was seen at its height, and where its head is younger than the newest that was seen: all blocks below
    /// that one are older. Until the other branch has such a block, which is one block's time on a chain that lives, it is
    /// taken for an endpoint that lags, and nothing is taken back.
    func standing(of head: HeadMark) -> Standing {
        guard let newest, head.number < newest.number else { return .onward }
        if let known = hashes[head.number] { return known == head.hash ? .behind : .otherBranch }
        if head.number > 0, let known = hashes[head.number - 1], known != head.parentHash { return .otherBranch }
        return head.timestamp > newest.timestamp ? .otherBranch : .behind
    }

    /// What an earlier run has seen: its newest block, and the hashes that its journal holds.
    mutating func recall(_ seen: SeenHead?, blocks: [UInt64: Bytes32]) {
        guard newest == nil, let seen else { return }
        newest = seen
        hashes = blocks
    }

    /// Counts looks at a shorter chain; true when it is time to speak of it.
    mutating func lagsAgain() -> Bool {
        lags += 1
        return lags > Self.patience
    }

    /// The next look may as well be answered by another endpoint.
    static let patience = 5

    /// A view with this head was acted on.
    mutating func acted(on head: HeadMark) {
        newest = SeenHead(number: head.number, timestamp: head.timestamp)
        lags = 0
    }

    /// The chain did not just grow: what is remembered may be of a branch that was left.
    mutating func forget() { hashes = [:] }

    mutating func remember(_ head: HeadMark) {
        // Another branch: what was known above its root may be wrong.
        if let known = hashes[head.number], known != head.hash { hashes = [:] }
        if head.number > 0 {
            if let known = hashes[head.number - 1], known != head.parentHash { hashes = [:] }
            hashes[head.number - 1] = head.parentHash
        }
        hashes[head.number] = head.hash
        if hashes.count > 512 { hashes = hashes.filter { $0.key + 256 > head.number } }
    }

    mutating func remember(_ hash: Bytes32?, of number: UInt64) { hashes[number] = hash }
}

/// A block by what tells branches apart.
struct HeadMark {
    let number: UInt64
    let hash: Bytes32
    let parentHash: Bytes32
    let timestamp: UInt64
}

extension SeenHead {
    init(_ block: Block) { self.init(number: block.number, timestamp: block.timestamp) }
}

extension HeadMark {
    init(_ block: Block) {
        self.init(
            number: block.number, hash: block.hash, parentHash: block.parentHash, timestamp: block.timestamp)
    }
}
