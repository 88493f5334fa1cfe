import EthereumCore
import Fuzzing
import Testing

@Suite struct SignatureTests {
    private let n = UInt256(Secp256k1.order)

    @Test func acceptsTheEdges() throws {
        let one = Bytes32(UInt256(1))
        for r in [one, Bytes32(n - 1)] {
            for s in [one, Secp256k1.halfOrder] {
                for parity in [0, 1] as [UInt8] {
                    let signature = try Signature(r: r, s: s, yParity: parity)
                    #expect(signature.v == 27 + parity)
                    #expect(try Signature(rsv: signature.serialized65) == signature)
                }
            }
        }
        #expect(Secp256k1.halfOrder == Bytes32(n >> 1))
    }

    @Test func refusesWhatIsOutOfRange() {
        let one = Bytes32(UInt256(1))
        func expect(_ error: SignatureError, _ r: Bytes32, _ s: Bytes32, _ parity: UInt8 = 0) {
            #expect(throws: error) { try Signature(r: r, s: s, yParity: parity) }
            if parity < 2 { #expect(throws: error) { try Signature(rsv: r.bytes + s.bytes + [27 + parity]) } }
        }
        expect(.rOutOfRange, .zero, one)
        expect(.rOutOfRange, Secp256k1.order, one)
        expect(.rOutOfRange, Bytes32(UInt256.max), one)
        expect(.sOutOfRange, one, .zero)
        expect(.sOutOfRange, one, Secp256k1.order)
        expect(.highS, one, Bytes32((n >> 1) + 1))
        expect(.highS, one, Bytes32(n - 1))
        expect(.invalidParity, one, one, 2)
        for v in [0, 1, 26, 29, 35, 255] as [UInt8] {
            #expect(throws: SignatureError.invalidV) { try Signature(rsv: one.bytes + one.bytes + [v]) }
        }
        for count in [0, 64, 66] {
            #expect(throws: SignatureError.wrongLength(count)) {
                try Signature(rsv: [UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test func privateKeyRange() {
        func isValid(_ key: [UInt8]) -> Bool { key.withUnsafeBytes { Secp256k1.isValidPrivateKey($0) } }
        #expect(!isValid(Bytes32.zero.bytes))
        #expect(isValid(Bytes32(UInt256(1)).bytes))
        #expect(isValid(Bytes32(n - 1).bytes))
        #expect(!isValid(Secp256k1.order.bytes))
        #expect(!isValid(Bytes32(n + 1).bytes))
        for count in [0, 31, 33] {
            let key = [UInt8](repeating: 1, count: count)
            #expect(!isValid(key))
            #expect(key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) } == nil)
            #expect(key.withUnsafeBytes { Secp256k1.sign(digest: .zero, privateKey: $0) } == nil)
        }
        let zero = Bytes32.zero.bytes
        #expect(zero.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) } == nil)
        #expect(zero.withUnsafeBytes { Secp256k1.sign(digest: .zero, privateKey: $0) } == nil)
    }

    @Test func signsVerifiesAndRecovers() throws {
        var random = Randomness()
        for _ in 0..<200 {
            let key = random.bytes(32)
            let digest = Keccak256.hash(random.bytes(10))
            let owner = try #require(key.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) })
            let signature = try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) })
            #expect(owner.verify(signature, digest: digest))
            #expect(try signature.recoverPublicKey(digest: digest) == owner)
            #expect(try signature.recoverAddress(digest: digest) == owner.address)
            let other = Keccak256.hash(digest)
            #expect(!owner.verify(signature, digest: other))
            #expect(try signature.recoverAddress(digest: other) != owner.address)
            let flipped = try Signature(r: signature.r, s: signature.s, yParity: 1 - signature.yParity)
            #expect((try? flipped.recoverAddress(digest: digest)) != owner.address)
        }
    }

    /// RFC 6979 with secp256k1 and SHA-256: a widely published vector (key 1, "Satoshi Nakamoto").
    @Test func deterministicNonce() throws {
        let digest = try Bytes32(bytes: SHA256.hash(Array("Satoshi Nakamoto".utf8)))
        let key = Bytes32(UInt256(1)).bytes
        Secp256k1.randomize()
        let signature = try #require(key.withUnsafeBytes { Secp256k1.sign(digest: digest, privateKey: $0) })
        #expect(signature.r.hex == "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8")
        #expect(signature.s.hex == "0x2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")
    }

    @Test func refusesMalformedPublicKeys() throws {
        let generator = try #require(
            Bytes32(UInt256(1)).bytes.withUnsafeBytes { Secp256k1.publicKey(privateKey: $0) })
        let point = generator.uncompressed
        #expect(try PublicKey(bytes: point) == generator)
        #expect(try PublicKey(bytes: generator.compressed) == generator)
        var offCurve = point
        offCurve[64] ^= 1
        // 5 is not the x coordinate of any point.
        let noPoint = [2] + Bytes32(UInt256(5)).bytes
        let bad: [[UInt8]] = [
            [], [4], Array(point.dropLast()), point + [0], [6] + point.dropFirst(), [7] + point.dropFirst(),
            [0] + point.dropFirst(), Array(point.dropFirst()), offCurve, noPoint,
            [4] + generator.compressed.dropFirst(),
            [UInt8](repeating: 0, count: 65), [2] + [UInt8](repeating: 0xff, count: 32),
        ]
        for bytes in bad {
            #expect(throws: SignatureError.invalidPublicKey) { try PublicKey(bytes: bytes) }
        }
    }

    @Test func unrecoverable() throws {
        // x = 5 is on no point.
        let signature = try Signature(r: Bytes32(UInt256(5)), s: Bytes32(UInt256(1)), yParity: 0)
        #expect(throws: SignatureError.notRecoverable) { try signature.recoverAddress(digest: Keccak256.hash([])) }
    }

    @Test func contextsAreReplacedUnderLoad() async throws {
        let key = Bytes32(UInt256(7)).bytes
        let expected = try #require(key.withUnsafeBytes { Secp256k1.sign(digest: .zero, privateKey: $0) })
        await withTaskGroup(of: Bool.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for _ in 0..<200 {
                        if worker == 0 { Secp256k1.randomize() }
                        if key.withUnsafeBytes({ Secp256k1.sign(digest: .zero, privateKey: $0) }) != expected {
                            return false
                        }
                    }
                    return true
                }
            }
            for await isSame in group { #expect(isSame) }
        }
    }
}
