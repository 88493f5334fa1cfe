/// What is wrong with a mnemonic.
public enum MnemonicProblem: Sendable, Hashable, CustomStringConvertible {
    /// Not 12, 15, 18, 21 or 24 words.
    case wordCount(Int)
    /// Not 16, 20, 24, 28 or 32 bytes of entropy.
    case entropyLength(Int)
    /// Word `position` (from 1) is not in the list. `word` is nil when it does not look like a mistyped word, since it
    /// may be some other secret. `suggestions` are the nearest words of the list.
    case unknownWord(position: Int, word: String?, suggestions: [String])
    /// Every word is in the list but the checksum is wrong: a word is another one, or two changed places.
    case checksum
    /// Words with numbers, commas or other signs around them, as lists are printed.
    case decorated
    /// Not text in UTF-8.
    case notUTF8

    /// Longest unknown word that a message repeats, in letters.
    private static let longestEcho = 12

    init(unknown letters: UnsafeRawBufferPointer, position: Int) {
        let isWord = unsafe letters.count <= Self.longestEcho && letters.allSatisfy { (97...122).contains($0) }
        if isWord {
            self = unsafe .unknownWord(
                position: position, word: String(decoding: letters, as: UTF8.self),
                suggestions: WordList.nearest(to: letters))
        } else {
            self = .unknownWord(position: position, word: nil, suggestions: [])
        }
    }

    /// Whether signs that belong to no word are what is wrong: `1. abandon, 2. ability`. Pieces of a key are shorter than
    /// words, so that a pasted key is not taken for some.
    static func isDecorated(_ text: UnsafeRawBufferPointer) -> Bool {
        var hasSigns = false
        var runs = 0
        var run = 0
        for offset in 0...text.count {
            let letter = unsafe offset < text.count ? text[offset] : 0x20
            if (97...122).contains(letter | 0x20), letter < 0x80 {
                run += 1
                continue
            }
            if letter != 0x20, !(0x09...0x0D).contains(letter) { hasSigns = true }
            if run > 0 {
                guard run >= WordList.shortestWord else { return false }
                runs += 1
            }
            run = 0
        }
        return hasSigns && runs > 1
    }

    /// One line: what is wrong and what to do.
    public var description: String {
        switch self {
        case .wordCount(let count): "a mnemonic has 12, 15, 18, 21 or 24 words, not \(count)"
        case .entropyLength(let count): "entropy has 16, 20, 24, 28 or 32 bytes, not \(count)"
        case .unknownWord(let position, let word, let suggestions):
            "word \(position)\(word.map { " (\"\($0)\")" } ?? "") is not in the BIP-39 list"
                + (suggestions.isEmpty ? "; check it" : "; did you mean \(Self.choice(suggestions))?")
        case .checksum: "the words do not fit together (checksum); one is wrong or two changed places"
        case .decorated:
            "the words have blanks between them and nothing else; leave out numbers, commas and other signs"
        case .notUTF8: "the mnemonic is not text in UTF-8"
        }
    }

    private static func choice(_ words: [String]) -> String {
        let quoted = words.map { "\"\($0)\"" }
        return quoted.count == 1
            ? quoted[0] : quoted.dropLast().joined(separator: ", ") + " or " + quoted[quoted.count - 1]
    }
}
