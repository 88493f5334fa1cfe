/// The members of a JSON object: unique keys, in the order in which they were inserted.
///
/// Keys are compared by their UTF-8 bytes, as RFC 8259 (section 8.3) asks, not by Unicode equivalence.
public struct JSONObject: Sendable {
    /// One member.
    public typealias Element = (key: String, value: JSON)

    /// Up to this many members a scan is faster than hashing, and an object takes one allocation.
    private static let scannedCount = 12

    private var members: [Element] = []
    private var positions: [ExactKey: Int]?

    /// An object without members.
    public init() {}

    /// Later values replace earlier ones of the same key.
    public init(_ elements: some Sequence<(String, JSON)>) {
        for (key, value) in elements { self[key] = value }
    }

    /// Number of members.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The member with this key; setting nil removes it (`.some(.null)` stores a null).
    public subscript(key: String) -> JSON? {
        get {
            guard let position = position(of: key) else { return nil }
            return members[position].value
        }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                members[position].value = value
            case (nil, let value?):
                append(key, value)
            case (let position?, nil):
                members.remove(at: position)
                positions = nil
                reindex()
            case (nil, nil):
                break
            }
        }
    }

    /// Adds a member unless the key is taken; returns whether it was added.
    mutating func insertNew(_ key: String, _ value: JSON) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    private mutating func append(_ key: String, _ value: JSON) {
        positions?[ExactKey(key)] = members.count
        members.append((key, value))
        if positions == nil { reindex() }
    }

    private mutating func reindex() {
        guard members.count > Self.scannedCount else { return }
        var positions: [ExactKey: Int] = [:]
        positions.reserveCapacity(2 * members.count)
        for (position, member) in members.enumerated() { positions[ExactKey(member.key)] = position }
        self.positions = positions
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactKey(key)] }
        return members.firstIndex { ExactKey($0.key) == ExactKey(key) }
    }
}

extension JSONObject: Sequence {
    public func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }

    public var underestimatedCount: Int { members.count }
}

extension JSONObject: Equatable {
    /// Equal when both hold the same members; their order does not matter.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

/// A key compared and hashed by its bytes: Swift's own string equality would merge canonically equivalent keys.
private struct ExactKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
