/// A BIP-32 derivation path from a master key, such as `m/44'/60'/0'/0/0`.
public struct DerivationPath: Sendable, Hashable, CustomStringConvertible {
    /// The bit that makes an index hardened.
    public static let hardened: UInt32 = 0x8000_0000
    /// Deepest path that an extended key can stand at.
    public static let maxDepth = 255

    /// Child indices from the master key on; hardened ones have ``hardened`` set.
    public let indices: [UInt32]

    /// A path from child indices, at most 255.
    public init(indices: [UInt32]) throws(WalletError) {
        guard indices.count <= Self.maxDepth else { throw .tooDeep }
        self.indices = indices
    }

    /// `m/44'/60'/0'/0/n`: the path of account `n` in Ethereum wallets (BIP-44, coin type 60 of SLIP-44).
    ///
    /// - Parameter account: Below 2^31; higher bits are an error of ``init(parsing:)`` in text and do not fit here.
    public static func ethereum(account: UInt32) throws(WalletError) -> DerivationPath {
        guard account < hardened else { throw .path(reason: "account \(account) is not below 2^31") }
        return try DerivationPath(indices: [44 | hardened, 60 | hardened, hardened, 0, account])
    }

    /// `m/44'/60'/0'/0/0`.
    public static let ethereumDefault = DerivationPath(unchecked: [44 | hardened, 60 | hardened, hardened, 0, 0])

    private init(unchecked indices: [UInt32]) {
        self.indices = indices
    }

    /// Reads `m`, `m/0`, `m/44'/60'/0'/0/0`. A hardened index ends in `'`, `h` or `H`; numbers are decimal without
    /// leading zeros, below 2^31.
    public init(parsing text: String) throws(WalletError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.first?.elementsEqual("m".utf8) == true else { throw .path(reason: "it does not begin with \"m\"") }
        guard parts.count - 1 <= Self.maxDepth else { throw .tooDeep }
        var indices: [UInt32] = []
        for (level, part) in parts.dropFirst().enumerated() {
            indices.append(try Self.index(part, level: level + 1))
        }
        self.indices = indices
    }

    private static func index(_ part: Substring.UTF8View, level: Int) throws(WalletError) -> UInt32 {
        let marks: [UInt8] = [UInt8(ascii: "'"), UInt8(ascii: "h"), UInt8(ascii: "H")]
        let isHardened = part.last.map(marks.contains) ?? false
        let digits = isHardened ? part.dropLast() : part
        guard !digits.isEmpty else { throw .path(reason: "level \(level) has no number") }
        guard digits.allSatisfy({ (48...57).contains($0) }) else {
            throw .path(reason: "level \(level) is not a number")
        }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            throw .path(reason: "level \(level) has leading zeros")
        }
        var value: UInt64 = 0
        for digit in digits {
            value = value * 10 + UInt64(digit - 48)
            guard value < hardened else { throw .path(reason: "the number of level \(level) is not below 2^31") }
        }
        return UInt32(value) | (isHardened ? hardened : 0)
    }

    /// The path as text, hardened indices with `'`.
    public var description: String {
        indices.reduce(into: "m") { text, index in
            text += "/\(index & ~Self.hardened)" + (index & Self.hardened == 0 ? "" : "'")
        }
    }
}
