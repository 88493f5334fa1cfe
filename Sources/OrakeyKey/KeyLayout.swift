/// What the Base58 part of an API key stands for.
public enum KeyLayout: String, Sendable, Hashable, CaseIterable {
    /// `0x` + 64 hex digits of the message, `:`, `0x` + 130 hex digits of r, s, v; lower case.
    case text
    /// The 32 bytes of the message and the 65 of r, s, v.
    case binary

    /// Number of bytes under Base58.
    var byteCount: Int { self == .text ? 199 : 97 }
}
