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

    public var description: String {
        let digits = String(bits, radix: 16)
        return Self.prefix + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    public static func < (a: Fingerprint, b: Fingerprint) -> Bool { a.bits < b.bits }
}
