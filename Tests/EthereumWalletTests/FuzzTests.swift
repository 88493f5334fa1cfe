import EthereumCore
import Foundation
import OrakeyKey
import StrictJSON
import Testing

@testable import EthereumWallet

/// Changed valid inputs and plain noise against every parser of this module: no crash, and what is accepted is canonical.
///
/// `ORAKEY_FUZZ` is the number of inputs for each parser (2,000 when it is not set), `ORAKEY_SEED` repeats a run.
/// The long run is in CONTRIBUTING.md.
@Suite struct FuzzTests {
    static let count = Int(ProcessInfo.processInfo.environment["ORAKEY_FUZZ"] ?? "") ?? 2000
    static let seed =
        UInt64(ProcessInfo.processInfo.environment["ORAKEY_SEED"] ?? "") ?? UInt64.random(in: 1...UInt64.max)

    @Test func apiKeys() throws {
        let account = try UnlockedWallet(.privateKey(.random(count: 32))).account()
        let network = try NetworkName("BASE")
        var seeds: [[UInt8]] = []
        for layout in KeyLayout.allCases {
            seeds.append(try APIKey.derive(account: account, network: network, message: .zero, layout: layout).array)
        }
        // Changes under Base58 reach the checks behind it.
        let inner = try seeds.map { try Base58.decode(utf8: Array($0[5...]), maxCount: 300) }
        try run("API keys", seeds: seeds) { (input, random) throws in
            var input = input
            if random.next() % 2 == 0 {
                let body = Mutator.change(inner[Int(random.next() % 2)], with: &random)
                input = Array("BASE:\(Base58.encode(body))".utf8)
            }
            guard let key = try? APIKey(parsing: input) else { return false }
            var body = key.message.bytes + key.signature.serialized65
            if key.layout == .text {
                body = Array((key.message.hex + ":" + Hex.encodePrefixed(key.signature.serialized65)).utf8)
            }
            #expect(input == Array("\(key.network):\(Base58.encode(body))".utf8))
            return true
        }
    }

    @Test func extendedKeys() throws {
        let key = try ExtendedPrivateKey(seed: .random(count: 32)).derive(DerivationPath(parsing: "m/1/2'"))
        let seeds = [key.serialized().array, Array(try key.publicKey().serialized.utf8)]
        try run("extended keys", seeds: seeds) { (input, random) throws in
            var input = input
            if random.next() % 2 == 0,
                let payload = try? Base58.decode(utf8: seeds[Int(random.next() % 2)], maxCount: 82)
            {
                // With the right checksum, so that what it protects is reached.
                let body = Mutator.change(Array(payload.dropLast(4)), with: &random)
                input = Array(Base58.encode(body + SHA256.hash(SHA256.hash(body).bytes).bytes.prefix(4)).utf8)
            }
            if let key = try? ExtendedPrivateKey(parsing: SecretBytes(copying: input)) {
                #expect(key.serialized().array == input)
                return true
            }
            if let key = try? ExtendedPublicKey(parsing: String(decoding: input, as: UTF8.self)) {
                #expect(Array(key.serialized.utf8) == input)
                return true
            }
            return false
        }
    }

    @Test func mnemonics() throws {
        let seeds = try Mnemonic.wordCounts.map { try Mnemonic.generate(wordCount: $0).phrase.array }
        let words = (0..<WordList.count).map { Array(WordList.word($0).utf8) }
        try run("mnemonics", seeds: seeds) { (input, random) throws in
            var input = input
            if random.next() % 2 == 0 {
                let count = 12 + 3 * Int(random.next() % 5)
                input = Array((0..<count).map { _ in words[Int(random.next() % 2048)] }.joined(separator: [32]))
            }
            guard let mnemonic = try? Mnemonic(parsing: SecretBytes(copying: input)) else { return false }
            #expect(try Mnemonic(parsing: mnemonic.phrase) == mnemonic)
            #expect(try Mnemonic(entropy: mnemonic.entropy()) == mnemonic)
            return true
        }
    }

    @Test func walletFiles() throws {
        let cheap = KeyStretchingParameters.scrypt(n: 2, r: 1, p: 1)
        let passphrase = SecretBytes("p")
        let secrets: [WalletSecret] = [
            .privateKey(.random(count: 32)), .mnemonic(try Mnemonic.generate(wordCount: 12), passphrase: nil),
        ]
        var seeds = try secrets.map {
            try EncryptedWallet(encrypting: $0, passphrase: passphrase, stretching: cheap).json
        }
        // As another program may have written it.
        var foreign = try #require(JSON.parse(seeds[0]).objectValue)
        foreign["Crypto"] = foreign["crypto"]
        for name in ["crypto", "address", "id"] { foreign[name] = nil }
        foreign["x-label"] = ["colour": ["blue", 15]]
        seeds.append(JSON.object(foreign).serialize())
        try run("wallet files", seeds: seeds) { (input, _) throws in
            guard let wallet = try? EncryptedWallet(json: input) else { return false }
            #expect(try EncryptedWallet(json: wallet.json) == wallet)
            if wallet.stretching == cheap, let secret = try? wallet.decrypt(passphrase: passphrase) {
                // Web3 Secret Storage does not authenticate the iv: without an address in it, a changed one goes unnoticed.
                #expect(secrets.contains(secret) || wallet.kind == .privateKey && wallet.address == nil)
            }
            return true
        }
    }

    @Test func paths() throws {
        let seeds = ["m", "m/44'/60'/0'/0/0", "m/0h/2147483647H"].map { Array($0.utf8) }
        try run("paths", seeds: seeds) { (input, _) throws in
            let text = String(decoding: input, as: UTF8.self)
            guard let path = try? DerivationPath(parsing: text) else { return false }
            let marks = text.replacingOccurrences(of: "h", with: "'").replacingOccurrences(of: "H", with: "'")
            #expect(path.description == marks)
            return true
        }
    }

    @Test func normalization() throws {
        let seeds = ["é", "ﷺ", "한글", "ﬁ①Ａ", "a\u{327}\u{301}", "𝔄"].map { Array($0.utf8) }
        try run("normalization", seeds: seeds) { (input, _) throws in
            guard let text = NFKD.normalize(SecretBytes(copying: input)) else {
                #expect(String(validating: input, as: UTF8.self) == nil)
                return false
            }
            #expect(NFKD.normalize(text) == text)
            return true
        }
    }

    private func run(
        _ name: String, seeds: [[UInt8]], _ body: ([UInt8], inout Mutator.Random) throws -> Bool
    ) throws {
        var random = Mutator.Random(seed: Self.seed)
        var accepted = 0
        for i in 0..<Self.count {
            let input =
                i % 20 == 0 ? Mutator.noise(with: &random) : Mutator.change(seeds[i % seeds.count], with: &random)
            if try body(input, &random) { accepted += 1 }
        }
        print("fuzz \(name): \(Self.count) inputs, \(accepted) accepted, ORAKEY_SEED=\(Self.seed)")
    }
}

/// Small changes of valid input.
enum Mutator {
    /// SplitMix64: the same seed gives the same run.
    struct Random {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }

        mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }
    }

    static func noise(with random: inout Random) -> [UInt8] {
        (0..<random.below(400)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// One to three changes; none at all one time in sixteen.
    static func change(_ bytes: [UInt8], with random: inout Random) -> [UInt8] {
        var bytes = bytes
        if random.below(16) == 0 { return bytes }
        for _ in 0...random.below(3) {
            let place = random.below(bytes.count)
            switch random.below(8) {
            case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(random.below(8))
            case 1 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2 where !bytes.isEmpty: bytes.remove(at: place)
            case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: min(place, bytes.count))
            case 4 where !bytes.isEmpty: bytes.insert(bytes[place], at: place)
            case 5: bytes.removeLast(random.below(bytes.count))
            case 6 where !bytes.isEmpty: bytes.swapAt(place, random.below(bytes.count))
            default: bytes.append(contentsOf: bytes.suffix(random.below(20)))
            }
        }
        return bytes
    }
}
