import EthereumCore

/// A block that was seen, to find again after a reorg.
struct BlockMark: Sendable, Equatable {
    let number: UInt64
    let hash: Bytes32
}

/// Blocks up to which the events were taken, from old to new: all of the latest, and ever fewer the older they are, so
/// that a reorg of any depth costs a rewind of about its own depth.
struct BlockMarks: Sendable, Equatable {
    /// So many of the latest are all kept.
    static let kept = 64

    private(set) var all: [BlockMark]

    init(_ marks: [BlockMark] = []) { all = marks }

    var last: BlockMark? { all.last }

    /// Adds the newest block, and drops of the older ones those whose neighbours are near enough.
    mutating func append(_ mark: BlockMark) {
        all.append(mark)
        var kept: [BlockMark] = []
        for (index, candidate) in all.enumerated() {
            if let before = kept.last, index < all.count - Self.kept {
                let gap = all[index + 1].number - before.number
                if gap <= (mark.number - all[index + 1].number) / 2 { continue }
            }
            kept.append(candidate)
        }
        all = kept
    }

    /// Drops everything above a block.
    mutating func rewind(to number: UInt64?) {
        guard let number else { return all = [] }
        all.removeAll { $0.number > number }
    }

    /// What a head block means for what was seen so far.
    enum Finding: Equatable {
        /// Nothing new.
        case same
        /// An endpoint whose chain is shorter than what was seen: it says nothing about the present.
        case behind(UInt64)
        /// The next block on top of what was seen, or the first look.
        case extends
        /// Further ahead: whether what was seen is still part of the chain has to be asked.
        case ahead(of: BlockMark)
    }

    func judge(number: UInt64, hash: Bytes32, parentHash: Bytes32) -> Finding {
        guard let last else { return .extends }
        if hash == last.hash { return .same }
        if number < last.number { return .behind(last.number) }
        if number == last.number + 1, parentHash == last.hash { return .extends }
        return .ahead(of: last)
    }
}
