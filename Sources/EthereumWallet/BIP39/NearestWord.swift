extension WordList {
    /// Longest typed word that is compared, in letters.
    private static let longestTyped = 2 * longestWord

    /// The words of the list that a mistyped word most likely stands for, best first, at most three.
    ///
    /// Nearest is the smallest number of letters changed, added, dropped and neighbours swapped. The first four letters
    /// of every word are unique, so words that were cut short after that are known for sure.
    static func nearest(to typed: UnsafeRawBufferPointer) -> [String] {
        guard typed.count <= longestTyped else { return [] }
        var best: [Int] = []
        var limit = Int.max
        for index in 0..<count {
            let cost = unsafe withWord(index) { word in
                if unsafe typed.count >= 4 && word.starts(with: typed) { return 0 }
                // Each letter too many or too few costs one.
                if abs(word.count - typed.count) > limit { return Int.max }
                return unsafe distance(word, typed)
            }
            if cost < limit {
                limit = cost
                best.removeAll()
            }
            if cost == limit, best.count < 3 { best.append(index) }
        }
        return best.map { word($0) }
    }

    /// Optimal string alignment distance of two words of at most ``longestTyped`` letters.
    static func distance(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        // Three rows of the table: the one before last, the last, and the one being made.
        var rows = InlineArray<51, Int>(repeating: 0)
        let width = longestTyped + 1
        var (before, last, row) = (0, width, 2 * width)
        for j in 0...b.count { rows[last + j] = j }
        for i in 0..<a.count {
            rows[row] = i + 1
            for j in 0..<b.count {
                let same = unsafe a[i] == b[j]
                var cost = min(rows[last + j + 1] + 1, rows[row + j] + 1, rows[last + j] + (same ? 0 : 1))
                if i > 0, j > 0, unsafe a[i] == b[j - 1], unsafe a[i - 1] == b[j] {
                    cost = min(cost, rows[before + j - 1] + 1)
                }
                rows[row + j + 1] = cost
            }
            (before, last, row) = (last, row, before)
        }
        return rows[last + b.count]
    }
}
