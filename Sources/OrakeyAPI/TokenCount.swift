public import StrictJSON

/// A count of tokens that an answer tells. The proxy and the gateway believe the same.
public enum TokenCount {
    /// No answer has as many. Without a bound one mad count would overflow the sums.
    static let tooMany: UInt64 = 1 << 40

    /// The count; nil where there is none, or one that no answer has.
    public static func believed(_ json: JSON?) -> UInt64? {
        guard let count = json?.numberValue?.integer(UInt64.self), count < tooMany else { return nil }
        return count
    }
}
