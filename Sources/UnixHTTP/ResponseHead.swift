/// Status line and header fields of an answer (RFC 9112 §4, §5).
public struct ResponseHead: Sendable, Equatable {
    /// One header field; the name as sent, the value without surrounding blanks.
    public struct Field: Sendable, Equatable {
        /// The field's name.
        public let name: String
        /// The field's value.
        public let value: String
    }

    /// Status code, 100 to 599.
    public let status: Int
    /// All fields in the order they came.
    public let fields: [Field]
    /// Whether the server speaks HTTP/1.0, where a connection ends with its answer.
    let isVersion10: Bool

    /// The first field of that name; names are compared without regard to case.
    public subscript(name: String) -> String? {
        fields.first { equalsIgnoringCase($0.name, name) }?.value
    }

    /// All values of a field, one for each time it was sent.
    public func values(_ name: String) -> [String] {
        fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
    }
}

/// ASCII comparison: String.lowercased() would ask the Unicode tables.
func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lowered($0) == lowered($1) }
}

private func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

/// `tchar` of RFC 9110 §5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
}
