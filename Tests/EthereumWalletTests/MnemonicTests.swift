import EthereumCore
import StrictJSON
import Testing

@testable import EthereumWallet

@Suite struct MnemonicTests {
    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func trezorVectors() throws {
        let file = try Vectors.json("bip39-trezor.json")
        let english = try #require(file["english"]?.arrayValue)
        for row in english {
            let row = try #require(row.arrayValue).map { try #require($0.stringValue) }
            let mnemonic = try Mnemonic(entropy: SecretBytes(copying: Hex.decode(row[0], prefix: .absent)))
            #expect(mnemonic.phrase.string == row[1])
            let parsed = try Mnemonic(parsing: SecretBytes(row[1]))
            #expect(parsed == mnemonic)
            #expect(try parsed.entropy().hex == row[0])
            let seed = try parsed.seed(passphrase: SecretBytes("TREZOR"))
            #expect(seed.hex == row[2])
            #expect(try ExtendedPrivateKey(seed: seed).serialized().string == row[3])
        }
        #expect(english.count == 24)
    }

    /// Other languages have no word list here, but their seeds test the normalization.
    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func seedsInEveryLanguage() throws {
        let file = try #require(try Vectors.json("bip39-trezor.json").objectValue)
        for (language, rows) in file {
            for row in try #require(rows.arrayValue) {
                let row = try #require(row.arrayValue).map { try #require($0.stringValue) }
                let phrase = try #require(NFKD.normalize(SecretBytes(row[1])))
                let passphrase = row.count > 4 ? row[4] : "TREZOR"
                let seed = try Mnemonic.seed(normalizedPhrase: phrase, passphrase: SecretBytes(passphrase))
                #expect(seed.hex == row[2], "\(language)")
            }
        }
    }

    @Test func generatesEveryLength() throws {
        for count in Mnemonic.wordCounts {
            let mnemonic = try Mnemonic.generate(wordCount: count)
            #expect(mnemonic.wordCount == count)
            #expect(mnemonic.phrase.string.split(separator: " ").count == count)
            #expect(try Mnemonic(parsing: mnemonic.phrase) == mnemonic)
            #expect(try mnemonic != Mnemonic.generate(wordCount: count))
        }
        for count in [0, 3, 11, 13, 23, 25, 27] {
            #expect(throws: WalletError.mnemonic(.wordCount(count))) { try Mnemonic.generate(wordCount: count) }
        }
    }

    @Test(arguments: [
        "Legal WINNER thank year wave sausage worth useful legal winner thank yellow",
        "  legal\twinner\nthank year\r\nwave  sausage worth useful legal winner thank yellow\n",
        "ｌｅｇａｌ　winner\u{A0}thank year wave sausage worth useful legal winner thank yellow",
        "\u{FEFF}legal\u{85}winner\u{1680}thank\u{2003}year\u{2028}wave\u{2029}sausage\u{202F}worth\u{205F}useful legal "
            + "\u{200B}winner thank yellow\u{2028}",
    ])
    func toleratesTyping(text: String) throws {
        let expected = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        #expect(try Mnemonic(parsing: SecretBytes(text)).phrase.string == expected)
    }

    @Test func namesTheWrongWord() {
        let text = "legal winer thank year wave sausage worth useful legal winner thank yellow"
        let problem = MnemonicProblem.unknownWord(
            position: 2, word: "winer", suggestions: ["wine", "winner", "winter"])
        #expect(throws: WalletError.mnemonic(problem)) { try Mnemonic(parsing: SecretBytes(text)) }
        #expect(
            WalletError.mnemonic(problem).description
                == "word 2 (\"winer\") is not in the BIP-39 list; did you mean \"wine\", \"winner\" or \"winter\"?")
    }

    @Test func repeatsNoOtherSecret() throws {
        let key = String(repeating: "4f", count: 32)
        let text = "legal \(key) thank year wave sausage worth useful legal winner thank yellow"
        let error = #expect(throws: WalletError.self) { try Mnemonic(parsing: SecretBytes(text)) }
        #expect(error == .mnemonic(.unknownWord(position: 2, word: nil, suggestions: [])))
        #expect(error.map { !$0.description.contains(key) } == true)
    }

    @Test(arguments: [
        (
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
            MnemonicProblem.checksum
        ),
        ("winner legal thank year wave sausage worth useful legal winner thank yellow", .checksum),
        ("legal winner thank", .wordCount(3)), ("", .wordCount(0)), ("   ", .wordCount(0)),
    ])
    func refuses(text: String, problem: MnemonicProblem) {
        #expect(throws: WalletError.mnemonic(problem)) { try Mnemonic(parsing: SecretBytes(text)) }
    }

    /// Words as a list prints them.
    @Test(arguments: [
        "1. legal 2. winner 3. thank 4. year 5. wave 6. sausage 7. worth 8. useful 9. legal 10. winner 11. thank 12. yellow",
        "1 legal\n2 winner\n3 thank", "legal, winner, thank, year, wave, sausage",
        "legal,winner,thank,year,wave,sausage",
        "• legal • winner", "\"legal winner thank year wave sausage worth useful legal winner thank yellow\"",
    ])
    func numbersAndCommasAreNamed(text: String) {
        #expect(throws: WalletError.mnemonic(.decorated)) { try Mnemonic(parsing: SecretBytes(text)) }
        #expect("\(MnemonicProblem.decorated)".contains("leave out numbers, commas"))
    }

    /// A pasted key is not taken for words with signs between them.
    @Test func aKeyIsNotAListOfWords() {
        #expect(throws: WalletError.mnemonic(.wordCount(1))) {
            try Mnemonic(parsing: SecretBytes("0x" + String(repeating: "4fab1d", count: 11)))
        }
    }

    @Test func refusesBrokenInput() {
        #expect(throws: WalletError.mnemonic(.notUTF8)) { try Mnemonic(parsing: SecretBytes(copying: [0xC3, 0x28])) }
        #expect(throws: WalletError.inputTooLong(limit: Mnemonic.maxInputCount)) {
            try Mnemonic(parsing: SecretBytes(String(repeating: "a ", count: 600)))
        }
        #expect(throws: WalletError.mnemonic(.entropyLength(17))) {
            try Mnemonic(entropy: SecretBytes(copying: [UInt8](repeating: 1, count: 17)))
        }
        #expect(throws: WalletError.mnemonicPassphrase(reason: "it has a NUL character")) {
            try Mnemonic.generate(wordCount: 12).seed(passphrase: SecretBytes("a\0b"))
        }
    }

    /// Korean is three times as long in NFKD: what is accepted must come back from a file and give everybody's seed.
    @Test func normalizedPassphrasesAreValidThemselves() throws {
        let mnemonic = try Mnemonic.generate(wordCount: 12)
        let korean = SecretBytes(String(repeating: "한", count: 341))
        let normalized = try #require(NFKD.normalize(korean))
        #expect(normalized.count == 3069)
        #expect(try mnemonic.seed(passphrase: normalized) == mnemonic.seed(passphrase: korean))
        let wallet = try EncryptedWallet(
            encrypting: .mnemonic(mnemonic, passphrase: korean), passphrase: SecretBytes("p"),
            stretching: .scrypt(n: 2, r: 1, p: 1))
        #expect(try wallet.decrypt(passphrase: SecretBytes("p")) == .mnemonic(mnemonic, passphrase: normalized))
        let error = #expect(throws: WalletError.self) {
            try mnemonic.seed(passphrase: SecretBytes(String(repeating: "ﷺ", count: 300)))
        }
        guard case .mnemonicPassphrase = error else { throw Failure("\(String(describing: error))") }
        #expect(throws: WalletError.inputTooLong(limit: Mnemonic.maxNormalizedCount)) {
            try mnemonic.seed(passphrase: SecretBytes(String(repeating: "x", count: 4097)))
        }
    }

    @Test func nearestWords() {
        for (typed, expected) in [
            ("abandn", "abandon"), ("zooo", "zoo"), ("satochi", "satoshi"), ("adress", "address"), ("abotu", "about"),
            ("aband", "abandon"), ("elefant", "elegant"),
        ] {
            #expect(Array(typed.utf8).withUnsafeBytes { WordList.nearest(to: $0) }.first == expected)
        }
    }
}
