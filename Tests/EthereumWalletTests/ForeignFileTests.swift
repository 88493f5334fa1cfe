import EthereumCore
import EthereumWallet
import Foundation
import StrictJSON
import Testing

/// Wallet files of other programs: how strictly they are read, and what becomes of them.
@Suite struct ForeignFileTests {
    /// Another program's file with little stretching, no address, and members that only that program knows.
    @Test func anotherPassphraseKeepsWhatOthersWrote() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/wallet.json"
        let secret = WalletSecret.privateKey(.random(count: 32))
        for weak in [KeyStretchingParameters.scrypt(n: 2, r: 1, p: 1), .pbkdf2(iterations: 1)] {
            let made = try EncryptedWallet(encrypting: secret, passphrase: WalletFileTests.passphrase, stretching: weak)
            var object = try #require(JSON.parse(made.json).objectValue)
            object["address"] = nil
            object["x-label"] = ["colour": "blue", "big": .number(try JSONNumber(literal: "1e400"))]
            object["notes"] = .some(.null)
            let file = try EncryptedWallet(json: JSON.object(object).serialize())
            #expect(try EncryptedWallet(json: file.json) == file)
            try? FileManager.default.removeItem(atPath: path)
            try WalletFile.write(secret, to: path, passphrase: WalletFileTests.passphrase, stretching: weak)
            let new = SecretBytes("new")
            try WalletFile.rewrite(
                file, of: file.decrypt(passphrase: WalletFileTests.passphrase), at: path, passphrase: new)
            let written = try WalletFile.read(path)
            #expect(written.stretching == .standard)
            #expect(try written.decrypt(passphrase: new) == secret)
            var after = try #require(JSON.parse(written.json).objectValue)
            #expect(after["crypto"]?["kdfparams"]?["n"] == 262_144)
            #expect(after["crypto"] != object["crypto"])
            after["crypto"] = object["crypto"]
            #expect(after == object)
        }
        let other = try EncryptedWallet(
            encrypting: .privateKey(.random(count: 32)), passphrase: WalletFileTests.passphrase,
            stretching: .scrypt(n: 2, r: 1, p: 1))
        #expect(throws: WalletError.addressMismatch) {
            try WalletFile.rewrite(other, of: secret, at: path, passphrase: WalletFileTests.passphrase)
        }
    }

    @Test func anotherPassphraseKeepsTheIdentifierOfWords() throws {
        let wallet = try EncryptedWallet(
            encrypting: WalletFileTests.mnemonic, passphrase: WalletFileTests.passphrase,
            stretching: .scrypt(n: 2, r: 1, p: 1))
        let new = try EncryptedWallet(reencrypting: wallet, WalletFileTests.mnemonic, passphrase: SecretBytes("new"))
        #expect(try new.decrypt(passphrase: SecretBytes("new")) == WalletFileTests.mnemonic)
        #expect(try JSON.parse(new.json)["id"] == JSON.parse(wallet.json)["id"])
    }

    /// ethers encrypts the words of a wallet under the same stretched passphrase: they would be lost.
    @Test func anotherPassphraseIsRefusedWhereSomethingWouldBeLost() throws {
        let secret = WalletSecret.privateKey(.random(count: 32))
        let made = try EncryptedWallet(
            encrypting: secret, passphrase: WalletFileTests.passphrase, stretching: .scrypt(n: 2, r: 1, p: 1))
        var object = try #require(JSON.parse(made.json).objectValue)
        object["x-ethers"] = ["client": "ethers.js"]
        #expect(throws: Never.self) { try EncryptedWallet(json: JSON.object(object).serialize()).checkReencryption() }
        object["x-ethers"] = ["mnemonicCounter": "00", "mnemonicCiphertext": "00"]
        let file = try EncryptedWallet(json: JSON.object(object).serialize())
        let error = #expect(throws: WalletError.self) {
            try EncryptedWallet(reencrypting: file, secret, passphrase: WalletFileTests.passphrase)
        }
        guard case .unsupported = error else { throw Failure("\(String(describing: error))") }
    }

    /// As geth, clef and eth-account write and ask: names of functions in lower case. Hex digits in any form that one of
    /// them or ethers reads; `Tests/oracles/test_wallet.py` asks eth-account the same.
    @Test(arguments: [
        (#""kdf":"scrypt""#, #""kdf":"Scrypt""#, false), (#""aes-128-ctr""#, #""AES-128-CTR""#, false),
        (#""version":3"#, #""version":"3""#, false),
        (#""salt":"ab"#, #""salt":"0xab"#, true), (#""salt":"ab"#, #""salt":"0Xab"#, true),
        (#""salt":"ab"#, #""salt":"AB"#, true), (#""salt":"ab"#, #""salt":"0x0Xab"#, false),
        (#"{"version""#, #"{"address":"0X0000000000000000000000000000000000000001","version""#, true),
        (#"{"version""#, #"{"address":"","version""#, true), (#"{"version""#, "\u{FEFF}{\"version\"", false),
    ])
    func spellings(from: String, to: String, isRead: Bool) {
        let text = WalletFileTests.keystore(kdf: "scrypt", parameters: #""n":2,"r":8,"p":1,"dklen":32"#)
        let altered = text.replacingOccurrences(of: from, with: to)
        #expect(altered != text)
        let wallet = try? EncryptedWallet(json: Array(altered.utf8))
        #expect((wallet != nil) == isRead, "\(altered)")
    }

    @Test func refusesTwoCryptos() throws {
        let wallet = try EncryptedWallet(
            encrypting: .privateKey(.random(count: 32)), passphrase: WalletFileTests.passphrase,
            stretching: .scrypt(n: 2, r: 1, p: 1))
        var object = try #require(JSON.parse(wallet.json).objectValue)
        object["Crypto"] = object["crypto"]
        #expect(throws: WalletError.malformed(path: nil, reason: "it has crypto twice, once with a capital")) {
            try EncryptedWallet(json: JSON.object(object).serialize())
        }
        object["crypto"] = nil
        #expect(try EncryptedWallet(json: JSON.object(object).serialize()) == wallet)
    }

    /// eth-account once wrote the first counter as a number, without its leading zero bytes: one file in 256.
    @Test func countersWithoutLeadingZeros() throws {
        let passphrase = SecretBytes("pw123456")
        let key = [UInt8](repeating: 0x4F, count: 31) + [0xAB]
        for (iv, ciphertext, mac) in Self.shortCounters {
            let text = WalletFileTests.keystore(kdf: "scrypt", parameters: #""n":2,"r":8,"p":1,"dklen":32"#)
                .replacingOccurrences(of: "83dbcc02d8ccb40e466191a123791e0e", with: iv)
                .replacingOccurrences(
                    of: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c", with: ciphertext
                ).replacingOccurrences(
                    of: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097", with: mac)
            let wallet = try EncryptedWallet(json: Array(text.utf8))
            #expect(try wallet.decrypt(passphrase: passphrase) == .privateKey(SecretBytes(copying: key)))
            // Written again, all 16 bytes are there.
            let again = try #require(JSON.parse(wallet.json)["crypto"]?["cipherparams"]?["iv"]?.stringValue)
            #expect(again == String(repeating: "0", count: 32 - iv.count) + iv)
        }
        for iv in ["", String(repeating: "11", count: 17)] {
            let text = WalletFileTests.keystore(kdf: "scrypt", parameters: #""n":2,"r":8,"p":1,"dklen":32"#)
                .replacingOccurrences(of: "83dbcc02d8ccb40e466191a123791e0e", with: iv)
            #expect(throws: WalletError.self) { try EncryptedWallet(json: Array(text.utf8)) }
        }
    }

    @Test func aForeignTypeMemberChangesNothing() throws {
        let key = WalletSecret.privateKey(.random(count: 32))
        let wallet = try EncryptedWallet(
            encrypting: key, passphrase: WalletFileTests.passphrase, stretching: .scrypt(n: 2, r: 1, p: 1))
        var object = try #require(JSON.parse(wallet.json).objectValue)
        object["type"] = "keystore"
        #expect(
            try EncryptedWallet(json: JSON.object(object).serialize()).decrypt(passphrase: WalletFileTests.passphrase)
                == key)
    }

    /// Counter, ciphertext and authentication code by eth_keyfile's own functions, for the salt of ``WalletFileTests/keystore(kdf:parameters:)``.
    static let shortCounters = [
        (
            "dbdbdbdbdbdbdbdbdbdbdbdbdbdbdb", "ab63bdaefe539b7855c3f9889337ee659f6e200a36280ed2280bcca74b5e73f7",
            "474a27a7db5185b547484a24068a282af2e75ab141308953ce3fc1da1dbae300"
        ),
        (
            "01", "36c99113b9514564677048d702282a928c8fcaf5bf8cd7bc14fce99513a3d206",
            "63f14b23414da7cf97c99890d1f6c9cbd139ee88a6bd53e5e9b6a313e3caa453"
        ),
        (
            "c4c4c4c4c4c4c4c4c4c4c4c4c4c4", "afdfa85ba932ed6423870c439a8ecc83f0193cf3c5dbdef0470b0bf6ee8595ec",
            "6364eb34c8ef58208cb94a46c0ff96123c87664306c1d882561f66a92165200a"
        ),
    ]
}
