/// Look-up in the English word list of BIP-39.
enum WordList {
    /// Number of words: 11 bits.
    static let count = 2048
    /// The shortest word of the list.
    static let shortestWord = 3
    /// The longest word of the list.
    static let longestWord = 8

    /// Where each word begins in ``english``, and where one after the last would.
    private static let starts: [UInt16] = english.withUTF8Buffer { list in
        var starts: [UInt16] = [0]
        starts.reserveCapacity(count + 1)
        for position in list.indices where unsafe list[position] == UInt8(ascii: " ") {
            starts.append(UInt16(position + 1))
        }
        starts.append(UInt16(list.count + 1))
        return starts
    }

    /// Lends the letters of word `index`.
    static func withWord<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        english.withUTF8Buffer { list in
            unsafe body(
                UnsafeRawBufferPointer(
                    UnsafeBufferPointer(rebasing: list[Int(starts[index])..<Int(starts[index + 1]) - 1])))
        }
    }

    /// Word `index` as text. For messages only: a word of somebody's mnemonic never becomes a `String`.
    static func word(_ index: Int) -> String {
        unsafe withWord(index) { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The place of a word in the list, nil when it is not there.
    static func index(of word: UnsafeRawBufferPointer) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let order = unsafe withWord(middle) { unsafe compare($0, word) }
            if order == 0 { return middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        for i in 0..<min(a.count, b.count) where unsafe a[i] != b[i] {
            return unsafe Int(a[i]) - Int(b[i])
        }
        return a.count - b.count
    }
}
