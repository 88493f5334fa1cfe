/// One header field.
public struct HTTPField: Sendable, Hashable {
    /// The name, compared without regard to case.
    public let name: String
    /// The value without surrounding blanks.
    public let value: String

    /// A field with this name and value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension HTTPField: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name alone.
    public var description: String { "\(name): <redacted>" }
    /// The name alone.
    public var debugDescription: String { description }
    /// The name alone.
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension Array where Element == HTTPField {
    /// The value of the first field of that name.
    public subscript(name: String) -> String? { first { equalsIgnoringCase($0.name, name) }?.value }

    /// All values of that name.
    public func values(_ name: String) -> [String] { filter { equalsIgnoringCase($0.name, name) }.map(\.value) }
}

/// A header field whose value is a secret that lives in memory of the caller's.
///
/// The value is copied once, into the list that libcurl reads, and that copy is wiped at the end of the exchange.
/// libcurl puts the request together in memory of its own, which is wiped when it gives it back; TLS and HTTP/2 have
/// buffers of theirs.
@safe public struct HTTPSecretField: Sendable {
    let name: String
    let prefix: String
    let withValue: @Sendable ((UnsafeRawBufferPointer) -> Void) -> Void

    /// - Parameters:
    ///   - name: the field's name, such as `Authorization`.
    ///   - prefix: what goes before the secret, such as `Bearer `.
    ///   - withValue: lends the secret's bytes to the closure it gets; visible ASCII only.
    public init(
        _ name: String, prefix: String = "", withValue: @escaping @Sendable ((UnsafeRawBufferPointer) -> Void) -> Void
    ) {
        self.name = name
        self.prefix = prefix
        unsafe self.withValue = unsafe withValue
    }
}

/// ASCII comparison: String.lowercased() would ask the Unicode tables.
package func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lowered($0) == lowered($1) }
}

private func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

/// `tchar` of RFC 9110 §5.6.2.
func isToken(_ text: String) -> Bool { isToken(text.utf8) }

/// The same of bytes.
func isToken(_ text: some Collection<UInt8>) -> Bool {
    !text.isEmpty
        && text.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
            default: false
            }
        }
}
