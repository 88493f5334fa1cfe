/// The closest of a few known names, for "did you mean" in messages.
public enum NearestName {
    private static let longest = 64

    /// The known name at the smallest edit distance, when that is small enough to be a slip: a third of the length,
    /// rounded up. Case is ignored.
    public static func of(_ name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            guard distance <= (max(wanted.count, candidate.utf8.count) + 2) / 3 else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Edits (insert, delete, replace, swap of neighbours) between two names.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var twoBack: [Int] = []
        var previous = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var current = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (byte == other ? 0 : 1))
                if i > 0, j > 0, byte == right[j - 1], left[i - 1] == other { cost = min(cost, twoBack[j - 1] + 1) }
                current.append(cost)
            }
            (twoBack, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
