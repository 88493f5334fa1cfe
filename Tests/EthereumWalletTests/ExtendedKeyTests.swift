import EthereumCore
import StrictJSON
import Testing

@testable import EthereumWallet

@Suite struct ExtendedKeyTests {
    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func bitcoinjsVectors() throws {
        let file = try Vectors.json("bip32-bitcoinjs.json")
        for vector in try #require(file["valid"]?.arrayValue) where vector["network"]?.stringValue == "bitcoin" {
            let expected = try #require(vector["master"])
            let master: ExtendedPrivateKey
            if let seed = expected["seed"]?.stringValue {
                master = try ExtendedPrivateKey(seed: SecretBytes(copying: Hex.decode(seed, prefix: .absent)))
            } else {
                master = try ExtendedPrivateKey(parsing: SecretBytes(expected.text("base58Priv")))
            }
            try check(master, expected)
            for child in try #require(vector["children"]?.arrayValue) {
                let path = try DerivationPath(parsing: child.text("path"))
                let key = try master.derive(path)
                try check(key, child)
                #expect(UInt64(key.depth) == child["depth"]?.numberValue?.integer(UInt64.self))
                #expect(UInt64(key.childIndex) == child["index"]?.numberValue?.integer(UInt64.self))
                if let last = path.indices.last, last & DerivationPath.hardened == 0 {
                    let parent = try master.derive(DerivationPath(indices: path.indices.dropLast())).publicKey()
                    #expect(try parent.child(last) == key.publicKey())
                }
            }
        }
    }

    private func check(_ key: ExtendedPrivateKey, _ expected: JSON) throws {
        let publicKey = try key.publicKey()
        #expect(try key.serialized().string == expected.text("base58Priv"))
        #expect(try publicKey.serialized == expected.text("base58"))
        #expect(try Hex.encode(publicKey.key.compressed) == expected.text("pubKey"))
        #expect(try Hex.encode(publicKey.identifier) == expected.text("identifier"))
        #expect(try key.privateKey().withUnsafeBytes { Hex.encode(Array($0)) } == expected.text("privKey"))
        let parsed = try ExtendedPrivateKey(parsing: key.serialized())
        #expect(parsed.serialized() == key.serialized())
        #expect(try ExtendedPublicKey(parsing: publicKey.serialized) == publicKey)
    }

    @Test(.disabled(if: Vectors.missing, Vectors.reason))
    func bitcoinjsInvalidTexts() throws {
        let invalid = try #require(try Vectors.json("bip32-bitcoinjs.json")["invalid"])
        for vector in try #require(invalid["fromBase58"]?.arrayValue) {
            let text = try vector.text("string")
            #expect(throws: WalletError.self) { try ExtendedPrivateKey(parsing: SecretBytes(text)) }
            #expect(throws: WalletError.self) { try ExtendedPublicKey(parsing: text) }
        }
        for vector in try #require(invalid["fromSeed"]?.arrayValue) {
            let seed = try vector.bytes("seed")
            #expect(throws: WalletError.seedLength(seed.count)) {
                try ExtendedPrivateKey(seed: SecretBytes(copying: seed))
            }
        }
        for vector in try #require(invalid["derivePath"]?.arrayValue) {
            guard let path = vector["derivationPath"]?.stringValue else { continue }
            #expect(throws: WalletError.self) { try DerivationPath(parsing: path) }
        }
    }

    /// BIP-32, test vector 5: one problem each.
    @Test(arguments: [
        (
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm",
            ExtendedKeyProblem.keyPrefix(0)
        ),
        (
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGTQQD3dC4H2D5GBj7vWvSQaaBv5cxi9gafk7NF3pnBju6dwKvH",
            .keyPrefix(3)
        ),
        (
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn",
            .keyPrefix(4)
        ),
        (
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGpWnsj83BHtEy5Zt8CcDr1UiRXuWCmTQLxEK9vbz5gPstX92JQ",
            .keyPrefix(4)
        ),
        (
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS4HS2fxvyYUA4q2Xe4",
            .keyPrefix(1)
        ),
        (
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD9y5gkZ6Eq3Rjuahrv17fEQ3Qen6J",
            .keyPrefix(1)
        ),
        (
            "xprv9s2SPatNQ9Vc6GTbVMFPFo7jsaZySyzk7L8n2uqKXJen3KUmvQNTuLh3fhZMBoG3G4ZW1N2kZuHEPY53qmbZzCHshoQnNf4GvELZfqTUrcv",
            .masterWithParent
        ),
        (
            "xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ",
            .masterWithParent
        ),
        (
            "xprv9s21ZrQH4r4TsiLvyLXqM9P7k1K3EYhA1kkD6xuquB5i39AU8KF42acDyL3qsDbU9NmZn6MsGSUYZEsuoePmjzsB3eFKSUEh3Gu1N3cqVUN",
            .masterWithIndex
        ),
        (
            "xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8",
            .masterWithIndex
        ),
        (
            "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4",
            .version(0)
        ),
        (
            "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHPmHJiEDXkTiJTVV9rHEBUem2mwVbbNfvT2MTcAqj3nesx8uBf9",
            .version(0)
        ),
        (
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzF93Y5wvzdUayhgkkFoicQZcP3y52uPPxFnfoLZB21Teqt1VvEHx",
            .privateKeyOutOfRange
        ),
        (
            "xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD5SDKr24z3aiUvKr9bJpdrcLg1y3G",
            .privateKeyOutOfRange
        ),
        (
            "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY",
            .notOnCurve
        ),
        (
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHL",
            .checksum
        ),
    ])
    func refusesEveryInvalidForm(text: String, problem: ExtendedKeyProblem) throws {
        if text.hasPrefix("xpub") {
            #expect(throws: WalletError.extendedKey(problem)) { try ExtendedPublicKey(parsing: text) }
        } else {
            let error = #expect(throws: WalletError.self) { try ExtendedPrivateKey(parsing: SecretBytes(text)) }
            if case .version = problem {
                guard case .extendedKey(.version) = error else { throw Failure("\(String(describing: error))") }
            } else {
                #expect(error == .extendedKey(problem))
            }
        }
    }

    @Test func refusesTheOtherKind() throws {
        let key = try ExtendedPrivateKey(seed: .random(count: 64))
        #expect(throws: WalletError.extendedKey(.kind(expected: "xpub"))) {
            try ExtendedPublicKey(parsing: key.serialized().string)
        }
        #expect(throws: WalletError.extendedKey(.kind(expected: "xprv"))) {
            try ExtendedPrivateKey(parsing: SecretBytes(key.publicKey().serialized))
        }
        for text in ["", "xprv", "0OIl", key.serialized().string + "\n", " " + key.serialized().string] {
            #expect(throws: WalletError.self) { try ExtendedPrivateKey(parsing: SecretBytes(text)) }
        }
        #expect(throws: WalletError.hardenedFromPublic) { try key.publicKey().child(DerivationPath.hardened) }
    }

    @Test(
        arguments: [
            ("m", []), ("m/0", [0]), ("m/44'/60'/0'/0/7", [0x8000_002C, 0x8000_003C, 0x8000_0000, 0, 7]),
            ("m/2147483647h/1H", [0xFFFF_FFFF, 0x8000_0001]),
        ] as [(String, [UInt32])])
    func parsesPaths(text: String, indices: [UInt32]) throws {
        let path = try DerivationPath(parsing: text)
        #expect(path.indices == indices)
        #expect(try DerivationPath(parsing: path.description) == path)
    }

    @Test(arguments: [
        "", "/", "m/", "M/0", "0/1", "m//1", "m/1/", "m/ 1", "m/01", "m/-1", "m/+1", "m/2147483648", "m/1''", "m/'",
        "m/1.5",
        "m/0x1", "m/１", "m/99999999999999999999", "x/1", "m/1\n",
    ])
    func refusesPaths(text: String) {
        #expect(throws: WalletError.self) { try DerivationPath(parsing: text) }
    }

    @Test func depthEndsAt255() throws {
        #expect(throws: WalletError.tooDeep) { try DerivationPath(parsing: "m" + String(repeating: "/0", count: 256)) }
        let path = try DerivationPath(indices: Array(repeating: 0, count: 255))
        let deepest = try ExtendedPrivateKey(seed: .random(count: 16)).derive(path)
        #expect(deepest.depth == 255)
        #expect(throws: WalletError.tooDeep) { try deepest.child(0) }
        #expect(throws: WalletError.tooDeep) { try deepest.publicKey().child(0) }
    }

    @Test func printsNothing() throws {
        let key = try ExtendedPrivateKey(seed: SecretBytes(copying: [UInt8](repeating: 0x5A, count: 32)))
        #expect("\(key)" == "<secret>")
        #expect(String(reflecting: key) == "<secret>")
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("xprv") && !dumped.contains("pointer"))
    }
}

struct Failure: Error {
    let text: String
    init(_ text: String) { self.text = text }
}
