import CSodium
import EthereumCore

/// 128 bits that stand for a longer text inside this process: SipHash-2-4 under a key that nobody else knows.
///
/// Whoever does not know the key can neither find two texts with one tag nor tell a text from its tag, so that a table
/// of tags needs no texts beside it.
struct KeyTag: Hashable, Sendable {
    let low: UInt64
    let high: UInt64
}

/// The key of the tags, drawn anew by every process.
struct TagKey: Sendable {
    private let bytes: [UInt8]

    init() {
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(crypto_shorthash_siphashx24_KEYBYTES)) {
            unsafe randombytes_buf($0.baseAddress!, $0.count)
            $1 = $0.count
        }
    }

    /// The tag of a text.
    func tag(of text: UnsafeRawBufferPointer) -> KeyTag {
        let nowhere: StaticString = ""
        return unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { output in
            _ = unsafe crypto_shorthash_siphashx24(
                output.baseAddress!.assumingMemoryBound(to: UInt8.self),
                text.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nowhere.utf8Start, UInt64(text.count), bytes)
            return unsafe KeyTag(
                low: output.load(as: UInt64.self), high: output.load(fromByteOffset: 8, as: UInt64.self))
        }
    }

    /// The tag of a key's identity: number of the network, owner, message.
    func tag(network: Int, owner: Address, message: Bytes32) -> KeyTag {
        unsafe withUnsafeTemporaryAllocation(byteCount: 72, alignment: 8) { text in
            unsafe text.storeBytes(of: UInt64(network), as: UInt64.self)
            unsafe owner.word.store(to: text.baseAddress! + 8)
            unsafe message.store(to: text.baseAddress! + 40)
            return unsafe tag(of: UnsafeRawBufferPointer(text))
        }
    }
}
