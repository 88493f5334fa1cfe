public import EthereumCore

/// A value of the ABI's `function` type: a contract and one of its functions, 24 bytes.
public struct ABIFunctionReference: Hashable, Sendable {
    /// The contract.
    public let address: Address
    /// The function.
    public let selector: ABISelector

    /// Creates a reference.
    public init(address: Address, selector: ABISelector) {
        self.address = address
        self.selector = selector
    }

    /// The address and the selector, 24 bytes.
    public var bytes: [UInt8] { address.bytes + selector.bytes }
}

extension ABIFunctionReference: CustomStringConvertible {
    /// 0x hex of the 24 bytes.
    public var description: String { Hex.encodePrefixed(bytes) }
}

/// The first four bytes of the Keccak-256 hash of a canonical signature.
public struct ABISelector: Hashable, Sendable {
    /// The four bytes as a big-endian number.
    public let rawValue: UInt32

    /// The selector with this big-endian value, such as `0x08c379a0`.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The first four of `bytes`; nil when there are fewer.
    public init?(prefixOf bytes: [UInt8]) {
        guard bytes.count >= 4 else { return nil }
        rawValue = bytes[0..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The selector of a canonical signature such as `transfer(address,uint256)`.
    public init(canonicalSignature: String) {
        rawValue = UInt32(truncatingIfNeeded: Word(Keccak256.hash(Array(canonicalSignature.utf8))).w0 >> 32)
    }

    /// The four bytes.
    public var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (24 - 8 * $0)) } }
}

extension ABISelector: CustomStringConvertible {
    /// 0x and eight hex digits.
    public var description: String { Hex.encodePrefixed(bytes) }
}
