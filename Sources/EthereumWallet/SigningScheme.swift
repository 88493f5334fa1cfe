public import EthereumCore

/// How a contract's 32-byte message becomes the digest that is signed. Both are EIP-191 personal messages, so that a
/// signature of one can never be a transaction: a bare digest is not offered.
public enum SigningScheme: String, Sendable, Hashable, CaseIterable {
    /// The 32 raw bytes are the message.
    case eip191
    /// The 66 characters `0x` and lower-case hex of the bytes are the message.
    case eip191Hex = "eip191-hex"

    private static let prefix: StaticString = "\u{19}Ethereum Signed Message:\n"

    /// The digest of a contract message: Keccak-256 of 0x19, the prefix of EIP-191, the length in decimal and the text.
    public func digest(of message: Bytes32) -> Bytes32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: 94, alignment: 8) { buffer in
            let start = Self.prefix.utf8CodeUnitCount
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(start: Self.prefix.utf8Start, count: start))
            let text = unsafe buffer.baseAddress! + start + 2
            switch self {
            case .eip191:
                unsafe buffer[start] = UInt8(ascii: "3")
                unsafe buffer[start + 1] = UInt8(ascii: "2")
                unsafe message.store(to: text)
            case .eip191Hex:
                unsafe buffer[start] = UInt8(ascii: "6")
                unsafe buffer[start + 1] = UInt8(ascii: "6")
                unsafe message.withUnsafeBytes { unsafe LowercaseHex.writePrefixed($0, to: text) }
            }
            let count = start + 2 + (self == .eip191 ? 32 : 66)
            return unsafe Keccak256.hash(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

/// Hex text into memory, for the paths where no array may be made.
package enum LowercaseHex {
    /// Writes `0x` and two digits for each byte; the target has room for `2 + 2 * bytes.count`.
    @inline(__always)
    package static func writePrefixed(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
        unsafe target.storeBytes(of: UInt8(ascii: "0"), as: UInt8.self)
        unsafe target.storeBytes(of: UInt8(ascii: "x"), toByteOffset: 1, as: UInt8.self)
        for i in 0..<bytes.count {
            let byte = unsafe bytes[i]
            unsafe target.storeBytes(of: digit(byte >> 4), toByteOffset: 2 + 2 * i, as: UInt8.self)
            unsafe target.storeBytes(of: digit(byte & 15), toByteOffset: 3 + 2 * i, as: UInt8.self)
        }
    }

    /// Reads digits in lower case only; nil at any other character. The target has room for `text.count / 2`.
    @inline(__always)
    package static func read(_ text: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Bool {
        var bad: UInt8 = 0
        for i in 0..<text.count / 2 {
            let high = unsafe value(text[2 * i])
            let low = unsafe value(text[2 * i + 1])
            bad |= (high | low) & 0xF0
            unsafe target.storeBytes(of: high << 4 | low & 15, toByteOffset: i, as: UInt8.self)
        }
        return bad == 0
    }

    @inline(__always)
    private static func digit(_ nibble: UInt8) -> UInt8 {
        // 39 more from ten on: "a" stands 39 places behind the character after "9".
        nibble &+ 48 &+ (((nibble &+ 6) >> 4) &* 39)
    }

    /// The value of a digit; 0xF0 and more for anything else.
    @inline(__always)
    private static func value(_ character: UInt8) -> UInt8 {
        let decimal = character &- 48
        if decimal < 10 { return decimal }
        let letter = character &- 97
        return letter < 6 ? letter &+ 10 : 0xFF
    }
}
