/// How forgiving decoding is. Every mode is total and bounded: hostile data costs an error, never a crash, and never
/// more work or memory than a small multiple of its own size.
public struct ABIDecodingOptions: Hashable, Sendable {
    /// Refuse padding that is not zero (not the sign, for signed numbers), booleans other than 0 and 1, byte strings
    /// without their padding, strings that are not UTF-8, and offsets into the part that holds the offsets. Otherwise surplus bits are dropped, any non-zero boolean
    /// is true, and broken UTF-8 is repaired with U+FFFD.
    public var checksPadding: Bool
    /// Accept only the one encoding that this module (and Solidity) would produce: no gaps, no overlaps, nothing behind.
    public var requiresCanonicalLayout: Bool
    /// How often each byte may be read through overlapping offsets, on average; 1 for honest encoders.
    public var maximumReuse: Int

    /// Creates options; the defaults are ``strict``.
    public init(checksPadding: Bool = true, requiresCanonicalLayout: Bool = false, maximumReuse: Int = 1) {
        self.checksPadding = checksPadding
        self.requiresCanonicalLayout = requiresCanonicalLayout
        self.maximumReuse = max(1, maximumReuse)
    }

    /// The default: checked padding; gaps and bytes behind the values are allowed, as Solidity's decoder allows them.
    public static let strict = ABIDecodingOptions()
    /// What Solidity's oldest decoders accepted.
    public static let lenient = ABIDecodingOptions(checksPadding: false, maximumReuse: 16)
    /// Decoding succeeds only when encoding the result again gives the same bytes.
    public static let canonical = ABIDecodingOptions(requiresCanonicalLayout: true)
}
