import EthereumCore
public import EthereumWallet

/// The only form of a key in logs, lists and errors: `SHA256:` and the first 16 hex digits of the key's SHA-256.
public struct Fingerprint: Sendable, Hashable, Comparable, CustomStringConvertible {
    private static let prefix = "SHA256:"
    private let bits: UInt64

    /// The fingerprint of a key's text, without a line end.
    public init(of key: SecretBytes) {
        self = unsafe key.withUnsafeBytes { unsafe Fingerprint(of: $0) }
    }

    /// The fingerprint of a key's text, without a line end.
    public init(of key: UnsafeRawBufferPointer) {
        bits = unsafe SHA256.hash(key).withUnsafeBytes { unsafe UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    /// Reads `SHA256:` and 16 lower-case hex digits.
    ///
    /// - Throws: ``APIKeyError/fingerprint``.
    public init(parsing text: String) throws(APIKeyError) {
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard text.utf8.starts(with: Self.prefix.utf8), digits.count == 16,
            digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let bits = UInt64(Substring(digits), radix: 16)
        else { throw .fingerprint }
        self.bits = bits
    }

    /// Goes out with every answer of the proxy, so it takes one allocation.
    public var description: String {
        unsafe String(unsafeUninitializedCapacity: Self.prefix.utf8.count + 16) { buffer in
            var count = 0
            for byte in Self.prefix.utf8 {
                unsafe buffer[count] = byte
                count += 1
            }
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: bits >> shift) & 15
                unsafe buffer[count] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
                count += 1
            }
            return count
        }
    }

    public static func < (a: Fingerprint, b: Fingerprint) -> Bool { a.bits < b.bits }
}
