import EthereumCore
import Foundation
import OrakeyKey
import StrictJSON
import Testing

@testable import EthereumWallet

private let corpusFolder = ProcessInfo.processInfo.environment["ORAKEY_ORACLE_CORPUS"]

/// Cases that implementations from PyPI answered (`Tests/oracles/wallet_corpus.py`), and cases for them to check. Run by
/// `Tests/oracles/test_wallet.py`, which sets `ORAKEY_ORACLE_CORPUS` to the folder with `wallet.json`.
@Suite(.serialized, .enabled(if: corpusFolder != nil, "run by Tests/oracles/test_wallet.py"))
struct WalletOracleTests {
    @Test func everything() throws {
        let folder = try #require(corpusFolder)
        let corpus = try JSON.parse([UInt8](Data(contentsOf: URL(filePath: folder + "/wallet.json"))))
        var checked = JSONObject()
        let sections: [(String, (Case) throws -> Bool)] = [
            ("mnemonics", mnemonic), ("words", words), ("accounts", account), ("derivations", derivation),
            ("signatures", signature), ("digests", digest), ("base58", base58), ("keystores", keystore),
            ("clef", keystore),
            ("normalizations", normalization),
        ]
        for (name, check) in sections {
            let cases = try #require(corpus[name]?.arrayValue)
            for (i, values) in cases.enumerated() {
                let isRight = try check(Case(values: #require(values.arrayValue)))
                #expect(isRight, "\(name) \(i): \(values.text)")
            }
            checked[name] = .integer(cases.count)
        }
        let answers: JSON = [
            "checked": .object(checked), "keystores": .array(try makeKeystores(2000)),
            "keys": .array(try makeKeys(2000)),
        ]
        try Data(answers.serialize()).write(to: URL(filePath: folder + "/wallet-answers.json"))
    }

    /// One row of the corpus.
    struct Case {
        let values: [JSON]

        func text(_ index: Int) throws -> String { try #require(values[index].stringValue) }
        func bytes(_ index: Int) throws -> [UInt8] { try Hex.decode(text(index), prefix: .optional) }
        func secret(_ index: Int) throws -> SecretBytes { SecretBytes(copying: try bytes(index)) }
    }

    private func mnemonic(_ row: Case) throws -> Bool {
        let mnemonic = try Mnemonic(entropy: row.secret(0))
        let seed = try mnemonic.seed(passphrase: row.secret(2))
        return try mnemonic.phrase.string == row.text(1) && Mnemonic(parsing: SecretBytes(row.text(1))) == mnemonic
            && seed == row.secret(3)
    }

    private func words(_ row: Case) throws -> Bool {
        let isValid = (try? Mnemonic(parsing: SecretBytes(row.text(0)))) != nil
        return isValid == row.values[1].boolValue
    }

    private func account(_ row: Case) throws -> Bool {
        let secret = WalletSecret.mnemonic(
            try Mnemonic(parsing: SecretBytes(row.text(0))), passphrase: try row.secret(1))
        let path = try DerivationPath(parsing: row.text(2))
        let fromKey = try UnlockedWallet(.privateKey(row.secret(4))).account()
        let fromWords = try UnlockedWallet(secret).account(path: path)
        return try fromWords.address.checksummed == row.text(3) && fromKey.address == fromWords.address
    }

    private func derivation(_ row: Case) throws -> Bool {
        let key = try ExtendedPrivateKey(parsing: row.secretText(0)).derive(DerivationPath(parsing: row.text(1)))
        let below = try DerivationPath(parsing: row.text(4))
        return try key.serialized().string == row.text(2) && key.publicKey().serialized == row.text(3)
            && ExtendedPublicKey(parsing: row.text(3)).derive(below).serialized == row.text(5)
            && ExtendedPrivateKey(parsing: row.secretText(2)).derive(below).serialized().string == row.text(6)
    }

    private func signature(_ row: Case) throws -> Bool {
        let account = try UnlockedWallet(.privateKey(row.secret(0))).account()
        let message = try Bytes32(bytes: row.bytes(2))
        let network = try NetworkName(row.text(3))
        guard try account.address.checksummed == row.text(1) else { return false }
        var index = 4
        for scheme in SigningScheme.allCases {
            for layout in KeyLayout.allCases {
                let key = try APIKey.derive(
                    account: account, network: network, message: message, layout: layout, scheme: scheme)
                let parsed = try APIKey(parsing: row.secretText(index))
                guard try key.string == row.text(index), parsed.layout == layout, parsed.message == message,
                    parsed.network == network, try parsed.owner(scheme: scheme) == account.address
                else { return false }
                index += 1
            }
        }
        return true
    }

    private func digest(_ row: Case) throws -> Bool {
        let key = try PrivateKey(row.secret(0))
        let digest = try Bytes32(bytes: row.bytes(3))
        let signature = try key.sign(digest: digest)
        let publicKey = try key.publicKey()
        return try publicKey.uncompressed.dropFirst() == ArraySlice(row.bytes(1))
            && publicKey.address.checksummed == row.text(2)
            && signature.r.bytes + signature.s.bytes + [signature.yParity] == row.bytes(4)
            && signature.recoverPublicKey(digest: digest) == publicKey
            && publicKey.verify(signature, digest: digest)
    }

    private func base58(_ row: Case) throws -> Bool {
        try Base58.encode(row.bytes(0)) == row.text(1) && Base58.decode(row.text(1), maxCount: 300) == row.bytes(0)
    }

    private func keystore(_ row: Case) throws -> Bool {
        let wallet = try EncryptedWallet(json: row.values[0].serialize())
        return try wallet.decrypt(passphrase: row.secret(1)) == .privateKey(row.secret(2))
    }

    private func normalization(_ row: Case) throws -> Bool {
        try NFKD.normalize(row.secret(0)) == row.secret(1)
    }

    /// Files of ours for eth-account to open, one of them at full strength.
    private func makeKeystores(_ count: Int) throws -> [JSON] {
        try (0..<count).map { i in
            let key = SecretBytes.random(count: 32)
            let passphrase = SecretBytes.random(count: i % 40)
            let stretching: KeyStretchingParameters =
                i == 0
                ? .standard
                : i % 2 == 0 ? .pbkdf2(iterations: UInt32(i)) : .scrypt(n: 1 << UInt64(1 + i % 7), r: 1, p: 2)
            let wallet = try EncryptedWallet(
                encrypting: .privateKey(key), passphrase: passphrase, stretching: stretching)
            return [.string(String(decoding: wallet.json, as: UTF8.self)), .string(passphrase.hex), .string(key.hex)]
        }
    }

    /// Keys of ours whose owner eth-account is to recover.
    private func makeKeys(_ count: Int) throws -> [JSON] {
        try (0..<count).map { i in
            let account = try UnlockedWallet(.privateKey(.random(count: 32))).account()
            let message = SHA256.hash([UInt8(truncatingIfNeeded: i), UInt8(truncatingIfNeeded: i >> 8)])
            let layout = KeyLayout.allCases[i % 2]
            let scheme = SigningScheme.allCases[i / 2 % 2]
            let key = try APIKey.derive(
                account: account, network: NetworkName("BASE"), message: message, layout: layout, scheme: scheme)
            return [
                .string(key.string), .string(layout.rawValue), .string(scheme.rawValue),
                .string(Hex.encode(message.bytes)),
                .string(account.address.checksummed),
            ]
        }
    }
}

extension WalletOracleTests.Case {
    func secretText(_ index: Int) throws -> SecretBytes { SecretBytes(try text(index)) }
}
