import EthereumCore
import EthereumWallet
import Foundation
import StrictJSON
import Testing

@Suite struct WalletFileTests {
    static let phrase = SecretBytes("legal winner thank year wave sausage worth useful legal winner thank yellow")
    static let passphrase = SecretBytes("correct horse")

    static var mnemonic: WalletSecret {
        get throws { .mnemonic(try Mnemonic(parsing: phrase), passphrase: nil) }
    }

    @Test(.disabled(if: Vectors.missing, Vectors.reason), arguments: ["geth", "ethereum-tests"])
    func publishedKeystores(source: String) throws {
        for (name, vector) in try #require(try Vectors.json("keystore-v3-\(source).json").objectValue) {
            let wallet = try EncryptedWallet(json: #require(vector["json"]).serialize())
            let secret = try wallet.decrypt(passphrase: SecretBytes(vector.text("password")))
            let expected = try vector.bytes("priv")
            let padded = [UInt8](repeating: 0, count: 32 - expected.count) + expected
            #expect(secret == .privateKey(SecretBytes(copying: padded)), "\(name)")
        }
    }

    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func ethersWallets() throws {
        for vector in try #require(try Vectors.json("wallets.json.gz").arrayValue) {
            let content = Array(try vector.text("content").utf8)
            guard try vector.text("type") == "keystore" else {
                // Wallets of the 2014 presale are another format.
                #expect(throws: WalletError.self) { try EncryptedWallet(json: content) }
                continue
            }
            let wallet = try EncryptedWallet(json: content)
            let unlocked = try wallet.unlock(passphrase: SecretBytes(copying: vector.bytes("password")))
            #expect(try unlocked.account().address.checksummed == vector.text("address"))
        }
    }

    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func accountAddresses() throws {
        for vector in try #require(try Vectors.json("accounts.json.gz").arrayValue) {
            let key = try SecretBytes(copying: vector.bytes("privateKey"))
            #expect(try UnlockedWallet(.privateKey(key)).account().address.checksummed == vector.text("address"))
        }
    }

    @Test func writesAndReadsBothKinds() throws {
        let folder = try TemporaryFolder()
        let withPassphrase = WalletSecret.mnemonic(
            try Mnemonic(parsing: Self.phrase), passphrase: SecretBytes("Café ℌ"))
        for (i, secret) in [try Self.mnemonic, withPassphrase, .privateKey(.random(count: 32))].enumerated() {
            let path = "\(folder.path)/wallet-\(i).json"
            try WalletFile.write(secret, to: path, passphrase: Self.passphrase, stretching: .light)
            let wallet = try WalletFile.read(path)
            #expect(wallet.kind == secret.kind)
            let opened = try wallet.unlock(passphrase: Self.passphrase)
            #expect(try opened.account().address == UnlockedWallet(secret).account().address)
            #expect(try opened.account().address == wallet.address)
            #expect(opened.auditKey() == (try UnlockedWallet(secret)).auditKey())
            #expect(throws: WalletError.wrongPassphrase) { try wallet.unlock(passphrase: SecretBytes("wrong")) }
            #expect(throws: WalletError.wrongPassphrase) { try wallet.unlock(passphrase: SecretBytes("")) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
    }

    @Test func knownAccounts() throws {
        let mnemonic = try Mnemonic(
            parsing: SecretBytes("test test test test test test test test test test test junk"))
        let wallet = try UnlockedWallet(.mnemonic(mnemonic, passphrase: nil))
        #expect(try wallet.account().address.checksummed == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
        #expect(
            try wallet.account(path: .ethereum(account: 1)).address.checksummed
                == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
        let key = try UnlockedWallet(.privateKey(.random(count: 32)))
        #expect(throws: WalletError.noDerivation) { try key.account(path: .ethereum(account: 1)) }
    }

    @Test func replacesOnlyWhenAsked() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/wallet.json"
        try WalletFile.write(Self.mnemonic, to: path, passphrase: Self.passphrase, stretching: .light)
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(throws: WalletError.alreadyExists(path: path)) {
            try WalletFile.write(
                .privateKey(.random(count: 32)), to: path, passphrase: Self.passphrase, stretching: .light)
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
        let new = SecretBytes("new passphrase")
        try WalletFile.write(Self.mnemonic, to: path, passphrase: new, replacing: true, stretching: .light)
        #expect(try WalletFile.read(path).decrypt(passphrase: new) == Self.mnemonic)
        #expect(throws: WalletError.wrongPassphrase) { try WalletFile.read(path).decrypt(passphrase: Self.passphrase) }
    }

    @Test func refusesFilesThatOthersCanRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/wallet.json"
        try WalletFile.write(Self.mnemonic, to: path, passphrase: Self.passphrase, stretching: .light)
        for mode in [0o640, 0o604, 0o620, 0o602, 0o777] {
            #expect(chmod(path, mode_t(mode)) == 0)
            #expect(throws: WalletError.tooOpen(path: path, mode: UInt32(mode))) { try WalletFile.read(path) }
        }
        #expect(throws: WalletError.unreadable(path: folder.path + "/none", errno: ENOENT)) {
            try WalletFile.read(folder.path + "/none")
        }
        #expect(throws: WalletError.unreadable(path: folder.path, errno: EISDIR)) { try WalletFile.read(folder.path) }
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(throws: WalletError.unreadable(path: folder.path + "/pipe", errno: EINVAL)) {
            try WalletFile.read(folder.path + "/pipe")
        }
        #expect(throws: WalletError.unwritable(path: folder.path + "/no/wallet.json", errno: ENOENT)) {
            try WalletFile.write(
                Self.mnemonic, to: folder.path + "/no/wallet.json", passphrase: Self.passphrase, stretching: .light)
        }
    }

    /// Every cut and every changed bit of a mnemonic file is an error. Web3 Secret Storage does not authenticate its
    /// identifier, and without the address not the iv.
    @Test(arguments: [true, false])
    func everyAlterationIsNoticed(isMnemonic: Bool) throws {
        let cheap = KeyStretchingParameters.scrypt(n: 2, r: 1, p: 1)
        let secret = isMnemonic ? try Self.mnemonic : .privateKey(.random(count: 32))
        let wallet = try EncryptedWallet(encrypting: secret, passphrase: Self.passphrase, stretching: cheap)
        let text = wallet.json
        for length in 0..<text.count - 1 {
            #expect(throws: WalletError.self) {
                try EncryptedWallet(json: Array(text[..<length])).decrypt(passphrase: Self.passphrase)
            }
        }
        for position in text.indices {
            for bit in [0, 3, 5] as [UInt8] {
                var altered = text
                altered[position] ^= 1 << bit
                guard let opened = try? EncryptedWallet(json: altered).decrypt(passphrase: Self.passphrase) else {
                    continue
                }
                // Only what means the same may pass: white space and the case of hex digits.
                let place: Comment = "byte \(position): \(String(decoding: altered, as: UTF8.self))"
                #expect(try opened == secret || EncryptedWallet(json: altered).address == nil, place)
                #expect(try !isMnemonic || EncryptedWallet(json: altered) == wallet, place)
            }
        }
    }

    @Test func mnemonicFilesHaveNothingElseInThem() throws {
        let wallet = try EncryptedWallet(
            encrypting: Self.mnemonic, passphrase: Self.passphrase, stretching: .scrypt(n: 2, r: 1, p: 1))
        let text = String(decoding: wallet.json, as: UTF8.self)
        for (from, to) in [
            (#""type""#, #""x": 1, "type""#), (#""cipher":"#, #""x": 1, "cipher":"#), (#""iv":"#, #""x": 1, "iv":"#),
            (#""dklen":"#, #""x": 1, "dklen":"#), (#""dklen": 32"#, #""dklen": 33"#), (#""iv": ""#, #""iv": "00"#),
            (#""iv": ""#, #""iv": "0x"#),
        ] {
            let altered = text.replacingOccurrences(of: from, with: to)
            #expect(altered != text)
            let error = #expect(throws: WalletError.self, "\(to)") { try EncryptedWallet(json: Array(altered.utf8)) }
            guard case .malformed = error else { throw Failure("\(to): \(String(describing: error))") }
        }
    }

    /// Four times the memory of the standard is still accepted; what it takes is not tried here.
    @Test(arguments: [
        (262_144, 8, 1), (1 << 20, 8, 1), (1 << 23, 1, 1), (262_144, 1, 8), (4096, 8, 6), (2, 1, 1 << 23),
    ])
    func parametersWithinBounds(n: Int, r: Int, p: Int) throws {
        let text = Self.keystore(kdf: "scrypt", parameters: #""n":\#(n),"r":\#(r),"p":\#(p),"dklen":32"#)
        let expected = KeyStretchingParameters.scrypt(n: UInt64(n), r: UInt32(r), p: UInt32(p))
        #expect(try EncryptedWallet(json: Array(text.utf8)).stretching == expected)
    }

    /// root may change a passphrase of a daemon's wallet, and the daemon must still be able to read it.
    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func aReplacedFileKeepsItsOwner() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/wallet.json"
        try WalletFile.write(Self.mnemonic, to: path, passphrase: Self.passphrase, stretching: .light)
        try #require(chown(path, 12345, 54321) == 0)
        let link = folder.path + "/link.json"
        try #require(symlink("wallet.json", link) == 0)
        try WalletFile.write(
            Self.mnemonic, to: link, passphrase: SecretBytes("new"), replacing: true, stretching: .light)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect((status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12345, 54321, 0o600))
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(throws: WalletError.alreadyExists(path: link)) {
            try WalletFile.write(Self.mnemonic, to: link, passphrase: Self.passphrase, stretching: .light)
        }
    }

    @Test func refusesTheWrongAddress() throws {
        let key = WalletSecret.privateKey(.random(count: 32))
        let wallet = try EncryptedWallet(
            encrypting: key, passphrase: Self.passphrase, stretching: .scrypt(n: 2, r: 1, p: 1))
        var object = try #require(JSON.parse(wallet.json).objectValue)
        object["address"] = "0000000000000000000000000000000000000001"
        let altered = try EncryptedWallet(json: JSON.object(object).serialize())
        #expect(throws: WalletError.addressMismatch) { try altered.unlock(passphrase: Self.passphrase) }
        object["address"] = nil
        #expect(try EncryptedWallet(json: JSON.object(object).serialize()).decrypt(passphrase: Self.passphrase) == key)
    }

    @Test(arguments: [
        #""n":1099511627776,"r":8,"p":1"#, #""n":262144,"r":4294967295,"p":1"#, #""n":2,"r":1,"p":4294967295"#,
        #""n":262145,"r":8,"p":1"#, #""n":0,"r":8,"p":1"#, #""n":1,"r":8,"p":1"#, #""n":2,"r":0,"p":1"#,
        #""n":2,"r":1,"p":0"#,
        #""n":9223372036854775808,"r":1,"p":1"#, #""n":-2,"r":1,"p":1"#, #""n":1e3,"r":1,"p":1"#,
        #""n":"2","r":1,"p":1"#,
        #""n":2097152,"r":8,"p":1"#, #""n":2,"r":8388608,"p":1"#, #""n":1048576,"r":8,"p":4"#,
    ])
    func hostileParametersTakeNoMemory(parameters: String) {
        let text = Self.keystore(kdf: "scrypt", parameters: parameters + #","dklen":32"#)
        #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
    }

    @Test(arguments: ["31", "0", "-1", "4294967296", "1025", "\"32\"", "32.5"])
    func hostileLengths(count: String) {
        let text = Self.keystore(kdf: "scrypt", parameters: #""n":2,"r":1,"p":1,"dklen":\#(count)"#)
        #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
    }

    @Test(arguments: ["0", "10000001", "-1", "4294967297", "1.5"])
    func hostileIterations(count: String) {
        let text = Self.keystore(kdf: "pbkdf2", parameters: #""c":\#(count),"prf":"hmac-sha256","dklen":32"#)
        #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", "not json", #"{"version":3}"#, #"{"version":1,"crypto":{}}"#,
        #"{"version":3,"crypto":[]}"#,
        #"{"type":"orakeyd-mnemonic","version":2}"#, #"{"type":"other","version":1}"#, #"{"type":7}"#,
        String(repeating: "[", count: 100_000), String(repeating: " ", count: 70_000) + "{}",
    ])
    func refusesOtherText(text: String) {
        #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
    }

    @Test func otherCiphersAndFunctions() {
        for (from, to) in [("aes-128-ctr", "aes-128-cbc"), ("\"scrypt\"", "\"argon2\"")] {
            let text = Self.keystore(kdf: "scrypt", parameters: #""n":2,"r":1,"p":1,"dklen":32"#)
                .replacingOccurrences(of: from, with: to)
            let error = #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
            guard case .unsupported = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func refusesBadPrivateKeys() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        let next = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142"
        for text in [String(repeating: "00", count: 32), order, next, String(order.dropLast(2)), order + "00", ""] {
            #expect(throws: WalletError.self) {
                try UnlockedWallet(.privateKey(SecretBytes(copying: Hex.decode(text, prefix: .absent))))
            }
        }
    }

    @Test func privateKeysAsText() throws {
        let digits = String(repeating: "4f", count: 31) + "aB"
        for text in [
            digits, "0x" + digits, digits.uppercased(), "0X" + digits, digits + "\n", " \t0x" + digits + "\r\n\r\n",
        ] {
            guard case .privateKey(let key) = try WalletSecret(privateKeyHex: SecretBytes(text)) else {
                throw Failure(text)
            }
            #expect(key.hex == digits.lowercased())
        }
        for text in [
            "", "0x", " ", String(digits.dropLast()), String(digits.dropLast(2)), digits + "00", "0x0x" + digits,
            digits.replacingOccurrences(of: "aB", with: "aG"), String(repeating: "0", count: 64), "0x " + digits,
            digits.replacingOccurrences(of: "aB", with: " aB"),
        ] {
            let error = #expect(throws: WalletError.self) { try WalletSecret(privateKeyHex: SecretBytes(text)) }
            #expect(error.map { !$0.description.contains("4f4f") } == true)
        }
    }

    static func keystore(kdf: String, parameters: String) -> String {
        """
        {"version":3,"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","crypto":{"cipher":"aes-128-ctr",
        "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"\(kdf)",
        "kdfparams":{\(parameters),"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
        "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"}}
        """
    }
}
