/// Who signed the key texts that came lately, so that a known key costs one hash instead of a signature recovery.
///
/// Bounded: sets of four, in which a newcomer takes the place of one at random when all are taken. Which set a text
/// belongs to depends on a key of this process alone.
struct IdentityCache: Sendable {
    private static let ways = 4

    private struct Entry {
        let tag: KeyTag
        let identity: VerifiedIdentity
    }

    private var entries: [Entry?]
    private let mask: Int

    /// A cache for so many keys, rounded up to a power of two.
    init(capacity: Int) {
        var sets = 1
        while sets * Self.ways < capacity { sets *= 2 }
        mask = sets - 1
        entries = Array(repeating: nil, count: sets * Self.ways)
    }

    /// Whose key has this text.
    subscript(tag: KeyTag) -> VerifiedIdentity? {
        let first = start(of: tag)
        for way in first..<first + Self.ways {
            if let entry = entries[way], entry.tag == tag { return entry.identity }
        }
        return nil
    }

    /// Remembers whose key has this text.
    mutating func insert(_ identity: VerifiedIdentity, for tag: KeyTag) {
        let first = start(of: tag)
        let ways = first..<first + Self.ways
        let way =
            ways.first { entries[$0]?.tag == tag } ?? ways.first { entries[$0] == nil } ?? Int.random(in: ways)
        entries[way] = Entry(tag: tag, identity: identity)
    }

    private func start(of tag: KeyTag) -> Int { (Int(truncatingIfNeeded: tag.low) & mask) * Self.ways }
}
