/// Personal messages (EIP-191, version 0x45): what a wallet signs when it signs text, never to be confused with the
/// digest of a transaction.
public enum EIP191 {
    private static let prefix = Array("\u{19}Ethereum Signed Message:\n".utf8)

    /// keccak256(0x19 "Ethereum Signed Message:\n" length message), the length in decimal.
    public static func digest(personalMessage message: [UInt8]) -> Bytes32 {
        var hasher = Keccak256()
        hasher.update(prefix)
        hasher.update(Array(String(message.count).utf8))
        hasher.update(message)
        return hasher.finalize()
    }

    /// The digest of a personal message of exactly 32 bytes, without an allocation.
    public static func digest(personalMessage message: Bytes32) -> Bytes32 {
        let prefix: StaticString = "\u{19}Ethereum Signed Message:\n32"
        var hasher = Keccak256()
        unsafe hasher.update(
            UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
        hasher.update(message)
        return hasher.finalize()
    }
}
