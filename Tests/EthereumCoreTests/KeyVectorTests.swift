import EthereumCore
import StrictJSON
import Testing

@Suite(.enabled(if: Vectors.arePresent)) struct KeyVectorTests {
    private func publicKey(_ key: [UInt8]) -> PublicKey? {
        key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) }
    }

    @Test func addressesAndSignatures() throws {
        for test in try #require(try Vectors.json("keyaddrtest.json").arrayValue) {
            let key = try Hex.decode(try #require(test["key"]?.stringValue), prefix: .absent)
            let address = try #require(publicKey(key)).address
            #expect(Hex.encode(address.bytes) == test["addr"]?.stringValue)
            // The file's signatures "of the empty string" fit neither keccak256, sha256 nor zero; only the keys are used.
            let digest = Keccak256.hash(key)
            let signature = try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) })
            #expect(try signature.recoverAddress(digest: digest) == address)
        }
    }

    @Test func ethersAccounts() throws {
        let tests = try #require(try Vectors.json("accounts.json.gz").arrayValue)
        #expect(tests.count > 100)
        for test in tests {
            let text = try #require(test["address"]?.stringValue)
            #expect(try Address(text).description == text)
            guard let key = test["privateKey"]?.stringValue else { continue }
            #expect(publicKey(try Hex.decode(key))?.address.description == text)
        }
    }

    /// Wycheproof, ECDSA as Bitcoin verifies it: low s only. The vectors hold SHA-256 and DER, so both are done here by
    /// the test; only what has a strict DER form reaches the verifier.
    @Test func wycheproofBitcoin() throws {
        let file = try Vectors.json("wycheproof-ecdsa-secp256k1-bitcoin.json")
        var counts = (valid: 0, invalid: 0)
        for group in try #require(file["testGroups"]?.arrayValue) {
            let point = try Hex.decode(
                try #require(group["publicKey"]?["uncompressed"]?.stringValue), prefix: .absent)
            let key = try PublicKey(bytes: point)
            #expect(key.uncompressed == point)
            #expect(try PublicKey(bytes: key.compressed) == key)
            for test in try #require(group["tests"]?.arrayValue) {
                let message = try Hex.decode(try #require(test["msg"]?.stringValue), prefix: .absent)
                let der = try Hex.decode(try #require(test["sig"]?.stringValue), prefix: .absent)
                let digest = try Bytes32(bytes: SHA256.hash(message))
                let accepted = verify(der, digest: digest, key: key)
                let label = "tcId \(test["tcId"]?.numberValue?.literal ?? "?")"
                switch try #require(test["result"]?.stringValue) {
                case "valid":
                    #expect(accepted, "\(label)")
                    counts.valid += 1
                default:
                    #expect(!accepted, "\(label)")
                    counts.invalid += 1
                }
            }
        }
        #expect(counts.valid + counts.invalid == 463)
        #expect(counts.valid > 100 && counts.invalid > 100)
    }

    private func verify(_ der: [UInt8], digest: Bytes32, key: PublicKey) -> Bool {
        guard let (r, s) = StrictDER.signature(der),
            let signature = try? Signature(r: Bytes32(r), s: Bytes32(s), yParity: 0)
        else { return false }
        guard key.verify(signature, digest: digest) else { return false }
        // One of the two parities must lead back to the key, unless x of the point was reduced modulo n: then r is
        // below p - n, and v of Ethereum cannot say so.
        let recovered = [0 as UInt8, 1].contains { parity in
            guard let signature = try? Signature(r: Bytes32(r), s: Bytes32(s), yParity: parity) else { return false }
            return (try? signature.recoverPublicKey(digest: digest)) == key
        }
        #expect(recovered || r < 0x1_4551_2319_50b7_5fc4_402d_a172_2fc9_baee)
        return true
    }
}

/// A DER signature of two positive minimal integers, and nothing else.
enum StrictDER {
    static func signature(_ der: [UInt8]) -> (UInt256, UInt256)? {
        guard der.count >= 8, der[0] == 0x30, der[1] < 0x80, Int(der[1]) == der.count - 2 else { return nil }
        var position = 2
        guard let r = integer(der, &position), let s = integer(der, &position), position == der.count else {
            return nil
        }
        return (r, s)
    }

    private static func integer(_ der: [UInt8], _ position: inout Int) -> UInt256? {
        guard position + 2 < der.count, der[position] == 2 else { return nil }
        let count = Int(der[position + 1])
        let start = position + 2
        guard count > 0, count <= 33, start + count <= der.count, der[start] < 0x80 else { return nil }
        if count > 1, der[start] == 0, der[start + 1] < 0x80 { return nil }
        position = start + count
        return UInt256(bigEndian: Array(der[start..<position].drop { $0 == 0 }))
    }
}
