internal import EthereumCore

/// A BIP-39 mnemonic in English: 12, 15, 18, 21 or 24 words with a checksum.
public struct Mnemonic: Sendable, Equatable {
    /// The numbers of words that the standard allows.
    public static let wordCounts = [12, 15, 18, 21, 24]
    /// Longest input that is looked at, in bytes: words, or a mnemonic passphrase that somebody types.
    public static let maxInputCount = 1024
    /// Longest mnemonic passphrase once it is normalized, which makes most scripts longer, Korean three times.
    static let maxNormalizedCount = 4096
    /// Rounds of PBKDF2 from the words to the seed (BIP-39, "From mnemonic to seed").
    private static let rounds: Int32 = 2048

    /// The words in lower case with single spaces between them.
    public let phrase: SecretBytes
    /// 12, 15, 18, 21 or 24.
    public let wordCount: Int

    /// New words from the system's random generator.
    ///
    /// - Throws: ``WalletError/mnemonic(_:)`` with ``MnemonicProblem/wordCount(_:)`` for another count than the five.
    public static func generate(wordCount: Int) throws(WalletError) -> Mnemonic {
        guard wordCounts.contains(wordCount) else { throw .mnemonic(.wordCount(wordCount)) }
        return try Mnemonic(entropy: .random(count: wordCount / 3 * 4))
    }

    /// The words of 16, 20, 24, 28 or 32 bytes of entropy.
    public init(entropy: SecretBytes) throws(WalletError) {
        guard [16, 20, 24, 28, 32].contains(entropy.count) else { throw .mnemonic(.entropyLength(entropy.count)) }
        let wordCount = entropy.count / 4 * 3
        let bits = Self.withChecksum(entropy)
        self.wordCount = wordCount
        phrase = unsafe bits.withUnsafeBytes { bits in
            unsafe SecretBytes(capacity: wordCount * (WordList.longestWord + 1)) { output in
                var count = 0
                for i in 0..<wordCount {
                    if i > 0 {
                        unsafe output[count] = UInt8(ascii: " ")
                        count += 1
                    }
                    let index = unsafe Self.group(i, of: bits)
                    unsafe WordList.withWord(index) { word in
                        unsafe UnsafeMutableRawBufferPointer(rebasing: output[count...]).copyMemory(from: word)
                        count += word.count
                    }
                }
                return count
            }
        }
    }

    /// Reads words as people type and paste them: any case, any white space of Unicode, full-width letters, a byte order
    /// mark.
    ///
    /// - Throws: ``WalletError/mnemonic(_:)``; a word that is not in the list is named with its place and the nearest
    ///   words, as long as it looks like a word at all (a pasted key is not repeated).
    public init(parsing text: SecretBytes) throws(WalletError) {
        guard text.count <= Self.maxInputCount else { throw .inputTooLong(limit: Self.maxInputCount) }
        guard let normalized = NFKD.normalize(text) else { throw .mnemonic(.notUTF8) }
        let entropy = try Self.entropy(ofNormalized: Blanks.replaced(in: normalized))
        try self.init(entropy: entropy)
    }

    /// The entropy that the words stand for: 16 to 32 bytes.
    public func entropy() throws(WalletError) -> SecretBytes {
        try Self.entropy(ofNormalized: phrase)
    }

    /// The 64-byte seed of BIP-32.
    ///
    /// - Parameter passphrase: The optional mnemonic passphrase ("25th word"), UTF-8, at most 4 KiB once it is normalized
    ///   (NFKD); nothing of it is trimmed. Any passphrase gives a valid wallet, so there is no wrong one.
    public func seed(passphrase: SecretBytes? = nil) throws(WalletError) -> SecretBytes {
        try Self.seed(normalizedPhrase: phrase, passphrase: passphrase)
    }

    /// The seed of a phrase that is normalized already, in whatever language.
    package static func seed(
        normalizedPhrase phrase: SecretBytes, passphrase: SecretBytes?
    ) throws(WalletError) -> SecretBytes {
        let prefix: StaticString = "mnemonic"
        let normalized = try passphrase.map { passphrase throws(WalletError) in try normalizedPassphrase(passphrase) }
        let salt = unsafe SecretBytes(count: prefix.utf8CodeUnitCount + (normalized?.count ?? 0)) { salt in
            prefix.withUTF8Buffer { unsafe salt.copyBytes(from: $0) }
            unsafe normalized?.withUnsafeBytes { passphrase in
                unsafe UnsafeMutableRawBufferPointer(rebasing: salt[prefix.utf8CodeUnitCount...]).copyMemory(
                    from: passphrase)
            }
        }
        return unsafe salt.withUnsafeBytes { salt in
            unsafe KeyStretching.pbkdf2SHA512(passphrase: phrase, salt: salt, iterations: rounds, count: 64)
        }
    }

    /// Checks and normalizes a mnemonic passphrase. What it returns is valid and normalized too.
    static func normalizedPassphrase(_ passphrase: SecretBytes) throws(WalletError) -> SecretBytes {
        guard passphrase.count <= maxNormalizedCount else { throw .inputTooLong(limit: maxNormalizedCount) }
        guard let normalized = NFKD.normalize(passphrase) else { throw .mnemonicPassphrase(reason: "it is not UTF-8") }
        guard normalized.count <= maxNormalizedCount else {
            throw .mnemonicPassphrase(reason: "normalized (NFKD) it is longer than \(maxNormalizedCount) bytes")
        }
        guard unsafe normalized.withUnsafeBytes({ unsafe !$0.contains(0) }) else {
            throw .mnemonicPassphrase(reason: "it has a NUL character")
        }
        return normalized
    }

    /// Entropy with the checksum byte behind it, of which the first `count / 4` bits count.
    private static func withChecksum(_ entropy: SecretBytes) -> SecretBytes {
        let checksum = SHA256.hash(entropy)
        return unsafe SecretBytes(count: entropy.count + 1) { bits in
            unsafe entropy.withUnsafeBytes { unsafe bits.copyMemory(from: $0) }
            unsafe bits[entropy.count] = checksum.withUnsafeBytes { unsafe $0[0] }
        }
    }

    /// The 11 bits of word `index`.
    private static func group(_ index: Int, of bits: UnsafeRawBufferPointer) -> Int {
        var value = 0
        for bit in index * 11..<index * 11 + 11 {
            value = unsafe value << 1 | Int(bits[bit / 8] >> UInt8(7 - bit % 8) & 1)
        }
        return value
    }

    private static func entropy(ofNormalized text: SecretBytes) throws(WalletError) -> SecretBytes {
        let indices = try unsafe text.withUnsafeBytes { text throws(WalletError) in try unsafe wordIndices(of: text) }
        let wordCount = indices.count / 2
        let entropyCount = wordCount / 3 * 4
        let bits = unsafe indices.withUnsafeBytes { indices in
            unsafe SecretBytes(count: entropyCount + 1) { bits in
                for i in 0..<wordCount {
                    let index = unsafe indices.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)
                    for bit in 0..<11 where index >> UInt16(10 - bit) & 1 == 1 {
                        unsafe bits[(i * 11 + bit) / 8] |= 0x80 >> UInt8((i * 11 + bit) % 8)
                    }
                }
            }
        }
        let entropy = bits.prefix(entropyCount)
        let expected = withChecksum(entropy)
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (entropyCount / 4))
        let matches = unsafe bits.withUnsafeBytes { bits in
            unsafe expected.withUnsafeBytes { unsafe bits[entropyCount] == $0[entropyCount] & mask }
        }
        guard matches else { throw .mnemonic(.checksum) }
        return entropy
    }

    /// Two bytes of secret memory for each word: its place in the list.
    private static func wordIndices(of text: UnsafeRawBufferPointer) throws(WalletError) -> SecretBytes {
        guard unsafe !MnemonicProblem.isDecorated(text) else { throw .mnemonic(.decorated) }
        // Counted first: with half of the words missing, the count is the better message.
        let words = unsafe text.split(whereSeparator: { $0 == 0x20 || (0x09...0x0D).contains($0) })
        guard unsafe wordCounts.contains(words.count) else { throw unsafe .mnemonic(.wordCount(words.count)) }
        return try unsafe SecretBytes(count: words.count * 2) { output throws(WalletError) in
            for i in unsafe words.indices {
                let word = unsafe words[i]
                let typed = unsafe SecretBytes(count: word.count) { letters in
                    for j in unsafe 0..<word.count {
                        let letter = unsafe word[word.startIndex + j]
                        unsafe letters[j] = (65...90).contains(letter) ? letter + 32 : letter
                    }
                }
                let index = try unsafe typed.withUnsafeBytes { letters throws(WalletError) in
                    guard let index = unsafe WordList.index(of: letters) else {
                        throw .mnemonic(unsafe MnemonicProblem(unknown: letters, position: i + 1))
                    }
                    return UInt16(index)
                }
                unsafe output.storeBytes(of: index, toByteOffset: i * 2, as: UInt16.self)
            }
        }
    }
}
