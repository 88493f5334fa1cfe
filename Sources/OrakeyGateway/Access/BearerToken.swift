/// The credentials in an `Authorization` header (RFC 6750, section 2.1).
enum BearerToken {
    private static let scheme: StaticString = "bearer"

    /// The token: what follows `Bearer` in any case, without blanks around it. Nil for any other form.
    static func read(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let length = scheme.utf8CodeUnitCount
        guard value.count > length + 1, unsafe value[length] == UInt8(ascii: " ") else { return nil }
        for index in 0..<length where unsafe value[index] | 0x20 != scheme.utf8Start[index] { return nil }
        var start = length + 1
        while unsafe start < value.count && value[start] == UInt8(ascii: " ") { start += 1 }
        var end = value.count
        while unsafe end > start && value[end - 1] == UInt8(ascii: " ") { end -= 1 }
        guard start < end else { return nil }
        return unsafe UnsafeRawBufferPointer(rebasing: value[start..<end])
    }
}
