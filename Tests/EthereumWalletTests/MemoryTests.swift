import EthereumCore
import OrakeyKey
import Testing

@testable import EthereumWallet

/// No secret is left anywhere in the process once its last owner is gone.
@Suite(.serialized) struct MemoryTests {
    @Test func releasedSecretsAreWiped() throws {
        for count in [32, 300, 5000] {
            let scanner = try MemoryScanner()
            var secret: SecretBytes? = .random(count: count)
            secret?.withUnsafeBytes { scanner.seek(UnsafeRawBufferPointer(rebasing: $0.prefix(4096))) }
            let alive = try scanner.copies()
            #expect(alive.count == 1, "exactly one copy while it is alive: \(alive)")
            secret = nil
            #expect(try scanner.copies() == [])
        }
    }

    /// "lo": locked, "dd": left out of core dumps (proc(5)); pages without any right on both sides.
    @Test(arguments: [32, 300, 5000])
    func pagesAreLockedAndFenced(count: Int) throws {
        let secret = SecretBytes.random(count: count)
        let address = secret.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let mappings = try Mapping.all()
        let place = try #require(mappings.firstIndex { $0.range.contains(address) })
        #expect(mappings[place].rights == "rw-p")
        #expect(mappings[place].flags.contains("dd"))
        #expect(mappings[place].flags.contains("lo") || !SecretBytes.memoryIsLocked)
        #expect(mappings[place - 1].rights == "---p" || mappings[place - 1].rights == "r--p")
        #expect(mappings[place - 1].range.upperBound == mappings[place].range.lowerBound)
        #expect(mappings[place + 1].rights == "---p")
        #expect(mappings[place + 1].range.lowerBound == mappings[place].range.upperBound)
    }

    @Test func privateKeyIsGoneAfterUse() throws {
        let scanner = try MemoryScanner()
        let message = Bytes32(UInt256(7))
        try use { () throws in
            let key = SecretBytes.random(count: 32)
            key.withUnsafeBytes { scanner.seek($0) }
            let passphrase = SecretBytes("passphrase of the memory test")
            let encrypted = try EncryptedWallet(
                encrypting: .privateKey(key), passphrase: passphrase, stretching: .scrypt(n: 16, r: 8, p: 1))
            let account = try encrypted.unlock(passphrase: passphrase).account()
            let text = try APIKey.derive(account: account, network: NetworkName("BASE"), message: message)
            _ = try APIKey(parsing: text).owner(scheme: .eip191)
            #expect(try scanner.copies().count >= 1)
        }
        #expect(try scanner.copies() == [])
    }

    @Test func derivedKeyTextIsGoneAfterUse() throws {
        let scanner = try MemoryScanner()
        try use { () throws in
            let account = try UnlockedWallet(.privateKey(.random(count: 32))).account()
            for layout in KeyLayout.allCases {
                for i in 0..<20 {
                    let text = try APIKey.derive(
                        account: account, network: NetworkName("BASE"), message: Bytes32(UInt256(UInt64(i))),
                        layout: layout)
                    _ = try APIKey(parsing: text)
                    text.withUnsafeBytes { scanner.seek($0) }
                }
                #expect(try scanner.copies() == [])
            }
            try APIKey.deriveBatch(account: account, network: NetworkName("BASE"), first: .zero, count: 100) {
                scanner.seek($0)
            }
        }
        #expect(try scanner.copies() == [])
    }

    @Test func mnemonicSeedAndPassphraseAreGoneAfterUse() throws {
        let phrases = try MemoryScanner()
        let seeds = try MemoryScanner()
        let passphrases = try MemoryScanner()
        let masters = try MemoryScanner()
        let entropies = try MemoryScanner()
        let audits = try MemoryScanner()
        let texts = try MemoryScanner()
        try use { () throws in
            let mnemonic = try Mnemonic.generate(wordCount: 24)
            mnemonic.phrase.withUnsafeBytes { phrases.seek($0) }
            try mnemonic.entropy().withUnsafeBytes { entropies.seek($0) }
            let extra = SecretBytes(Hex.encode(SecretBytes.random(count: 16).array))
            try mnemonic.seed(passphrase: extra).withUnsafeBytes { seeds.seek($0) }
            try ExtendedPrivateKey(seed: mnemonic.seed(passphrase: extra)).privateKey().withUnsafeBytes {
                masters.seek($0)
            }
            let passphrase = SecretBytes.random(count: 40)
            passphrase.withUnsafeBytes { passphrases.seek($0) }
            let encrypted = try EncryptedWallet(
                encrypting: .mnemonic(mnemonic, passphrase: extra), passphrase: passphrase,
                stretching: .scrypt(n: 16, r: 8, p: 1))
            let wallet = try encrypted.unlock(passphrase: passphrase)
            _ = try wallet.account().sign(contractMessage: .zero, scheme: .eip191Hex)
            _ = try wallet.account(path: .ethereum(account: 3))
            wallet.auditKey().withUnsafeBytes { audits.seek($0) }
            try ExtendedPrivateKey(seed: mnemonic.seed(passphrase: extra)).serialized().withUnsafeBytes {
                texts.seek($0)
            }
            #expect(try phrases.copies().count >= 1)
        }
        #expect(try phrases.copies() == [])
        #expect(try entropies.copies() == [])
        #expect(try seeds.copies() == [])
        #expect(try masters.copies() == [])
        #expect(try passphrases.copies() == [])
        #expect(try audits.copies() == [])
        #expect(try texts.copies() == [])
    }

    /// A call of its own, so that its locals are gone at its end.
    @inline(never)
    private func use(_ body: () throws -> Void) throws { try body() }
}
