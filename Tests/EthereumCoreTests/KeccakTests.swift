import EthereumCore
import Fuzzing
import Testing

@Suite struct KeccakTests {
    @Test func knownHashes() {
        #expect(Keccak256.hash([]).hex == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
        #expect(
            Keccak256.hash(Array("Transfer(address,address,uint256)".utf8)).hex
                == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
    }

    @Test func piecesOfAnySizeGiveTheSameHash() {
        var random = Randomness()
        for length in 0..<600 {
            let message = random.bytes(length)
            let whole = Keccak256.hash(message)
            var hasher = Keccak256()
            var rest = message[...]
            while !rest.isEmpty {
                let count = min(rest.count, random.below(40))
                hasher.update(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(hasher.finalize() == whole)
            // Finalizing does not end the hasher.
            hasher.update([1, 2, 3])
            #expect(hasher.finalize() == Keccak256.hash(message + [1, 2, 3]))
        }
    }

    @Test func unalignedInput() {
        let message = (0..<500).map { UInt8(truncatingIfNeeded: $0) }
        for start in 0..<9 {
            let whole = Keccak256.hash(Array(message[start...]))
            #expect(message.withUnsafeBytes { Keccak256.hash(UnsafeRawBufferPointer(rebasing: $0[start...])) } == whole)
        }
    }

    @Test func personalMessages() {
        // eth_account.messages.encode_defunct, hashed.
        #expect(
            EIP191.digest(personalMessage: Array("Some data".utf8)).hex
                == "0x1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655")
        var random = Randomness()
        for _ in 0..<100 {
            let message = Keccak256.hash(random.bytes(20))
            #expect(EIP191.digest(personalMessage: message) == EIP191.digest(personalMessage: message.bytes))
        }
    }
}
