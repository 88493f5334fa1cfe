extension WordList {
    /// The words of the list that a mistyped word most likely stands for, best first, at most three.
    ///
    /// Nearest is the smallest number of letters changed, added, dropped and neighbours swapped. The first four letters
    /// of every word are unique, so words that were cut short after that are known for sure.
    static func nearest(to typed: UnsafeRawBufferPointer) -> [String] {
        guard typed.count <= 2 * longestWord else { return [] }
        var best: [(cost: Int, index: Int)] = []
        for index in 0..<count {
            let cost = unsafe withWord(index) { word in
                let isCut = unsafe typed.count >= 4 && word.starts(with: typed)
                return unsafe isCut ? 0 : distance(word, typed)
            }
            best.append((cost, index))
        }
        best.sort { ($0.cost, $0.index) < ($1.cost, $1.index) }
        let limit = best[0].cost
        return best.prefix(3).filter { $0.cost == limit }.map { word($0.index) }
    }

    /// Optimal string alignment distance.
    static func distance(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                let same = unsafe a[i] == b[j]
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (same ? 0 : 1))
                if i > 0, j > 0, unsafe a[i] == b[j - 1], unsafe a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
