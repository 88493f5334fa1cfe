import EthereumCore
import Fuzzing
import Testing

/// Mutated and random inputs: no crash, and whatever is accepted is canonical. ORAKEY_FUZZ sets the count.
@Suite struct FuzzTests {
    @Test func rlp() throws {
        var random = Randomness()
        for round in 0..<Fuzz.count(usually: 20_000) {
            let bytes =
                round.isMultiple(of: 4)
                ? random.bytes(random.below(40))
                : Fuzz.mutated(RLP.encode(RLPTests.random(&random, depth: 2)), &random)
            guard let item = try? RLP.decode(bytes) else { continue }
            #expect(RLP.encode(item) == bytes)
        }
    }

    @Test func transactions() throws {
        var random = Randomness()
        let signature = try Signature(r: Bytes32(UInt256(1)), s: Bytes32(UInt256(2)), yParity: 1)
        for _ in 0..<Fuzz.count(usually: 20_000) {
            let bytes = Fuzz.mutated(try TransactionTests.random(&random).signed(with: signature).raw, &random)
            guard let transaction = try? SignedTransaction(decoding: bytes) else { continue }
            #expect(transaction.raw == bytes)
        }
    }

    @Test func texts() throws {
        var random = Randomness()
        let samples = [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x1234567890abcdef",
            "115792089237316195423570985008687907853",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        ].map { Array($0.utf8) }
        for _ in 0..<Fuzz.count(usually: 20_000) {
            let bytes = Fuzz.mutated(samples[random.below(samples.count)], &random)
            let text = String(decoding: bytes, as: UTF8.self)
            if let address = try? Address(text) { #expect(address.lowercaseHex == text.lowercased()) }
            if let value = try? UInt256(decimal: text) { #expect(value.description == text) }
            if let value = try? UInt256(hexQuantity: text) { #expect(value.hexQuantity == text.lowercased()) }
            if let value = try? Bytes32(hex: text) { #expect(value.hex == text.lowercased()) }
            if let value = try? Hex.decode(utf8: bytes) { #expect(Hex.encodePrefixed(value) == text.lowercased()) }
            if let value = try? Base58.decode(utf8: bytes, maxCount: 64) {
                #expect(Array(Base58.encode(value).utf8) == bytes)
            }
        }
    }

    @Test func signaturesAndKeys() {
        var random = Randomness()
        for _ in 0..<Fuzz.count(usually: 20_000) {
            var bytes = random.bytes(65)
            if random.coin() { bytes[64] = 27 + UInt8(random.below(2)) }
            if random.coin() { bytes[32] &= 0x7f }
            if let signature = try? Signature(rsv: bytes) {
                #expect(signature.serialized65 == bytes)
                if let key = try? signature.recoverPublicKey(digest: .zero) {
                    #expect(key.verify(signature, digest: .zero))
                }
            }
            bytes[0] = UInt8(random.below(8))
            if let key = try? PublicKey(bytes: bytes) { #expect(key.uncompressed == bytes) }
            let short = Array(bytes.prefix(33))
            if let key = try? PublicKey(bytes: short) { #expect(key.compressed == short) }
        }
    }
}
