import CorePeers
import EthereumCore

/// The rows of the budget that EthereumCore answers for. Each side returns something that depends on all its results, so
/// that no work is dropped.
enum Rows {
    static func keccak(_ count: Int, budget: Double) -> Comparison {
        let message = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        for index in message.indices { message[index] = UInt8(truncatingIfNeeded: index * 7 + 1) }
        return Comparison(name: "Keccak-256 of \(count) B", budget: budget) { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                message[0] &+= 1
                sink ^= Keccak256.hash(UnsafeRawBufferPointer(message)).withUnsafeBytes { $0.load(as: UInt64.self) }
            }
            return sink
        } peer: { repetitions in
            var sink: UInt64 = 0
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { hash in
                for _ in 0..<repetitions {
                    message[0] &+= 1
                    peer_keccak256(message.baseAddress?.assumingMemoryBound(to: UInt8.self), count, hash.baseAddress)
                    sink ^= UInt64(hash[0])
                }
            }
            return sink
        }
    }

    static func base58(_ count: Int, budget: Double) -> Comparison {
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 16)
        let digits = Array("0123456789abcdef".utf8)
        for index in text.indices { text[index] = digits[index * 7 & 15] }
        return Comparison(name: "base58 of \(count) B", budget: budget) { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                text[50] ^= 1
                sink &+= UInt64(Base58.encode(UnsafeRawBufferPointer(text), into: output))
            }
            return sink
        } peer: { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                text[50] ^= 1
                sink &+= UInt64(
                    peer_base58(
                        text.baseAddress?.assumingMemoryBound(to: UInt8.self), count,
                        output.baseAddress?.assumingMemoryBound(to: CChar.self)))
            }
            return sink
        }
    }

    /// The C side stops at the point; the Swift side goes on to the address.
    static func recovery(budget: Double) throws -> Comparison {
        let key = [UInt8](repeating: 0x46, count: 32)
        let digest = Keccak256.hash([1, 2, 3])
        let digestBytes = digest.bytes
        var compact = [UInt8](repeating: 0, count: 64)
        let id = peer_sign(digestBytes, key, &compact)
        let signed = compact
        let signature = try Signature(
            r: Bytes32(bytes: signed[..<32]), s: Bytes32(bytes: signed[32...]), yParity: UInt8(id))
        var address = [UInt8](repeating: 0, count: 20)
        guard peer_recover_address(digestBytes, signed, id, &address) == 1,
            try signature.recoverAddress(digest: digest).bytes == address
        else { fatalError("the two sides disagree") }
        return Comparison(name: "recover the signer's address", budget: budget) { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions {
                if (try? signature.recoverAddress(digest: digest)) != nil { sink &+= 1 }
            }
            return sink
        } peer: { repetitions in
            var sink: UInt64 = 0
            for _ in 0..<repetitions { sink &+= UInt64(peer_recover(digestBytes, signed, id)) }
            return sink
        }
    }
}
