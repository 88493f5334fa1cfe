/// What went wrong while parsing, encoding or decoding by the Solidity contract ABI.
///
/// `code` is for programs, `path` names the place (`args[1].name`), `reason` is for people. Values from the input are
/// quoted only where they are short and harmless.
public struct ABIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Hashable, Sendable {
        /// A type that the ABI does not have, such as `uint7`, or one that is too deep or too large.
        case invalidType
        /// A human-readable signature that does not parse.
        case invalidSignature
        /// A JSON ABI with a missing, mistyped or contradictory field.
        case invalidDescription
        /// A value of another kind than the type asks for.
        case typeMismatch
        /// The wrong number of arguments, elements or topics.
        case wrongCount
        /// A number, byte string or enumeration outside its type's range.
        case outOfRange
        /// Text that is not a value of the type, such as malformed hex.
        case invalidValue
        /// The data ends before the value does.
        case truncated
        /// An offset that points outside the data.
        case badOffset
        /// A length that the data cannot hold.
        case badLength
        /// Padding that is not zero (or not the sign), in strict decoding.
        case dirtyPadding
        /// A string that is not UTF-8, in strict decoding.
        case invalidUTF8
        /// Data that would decode to more than it holds (overlapping offsets) or past a limit.
        case limitExceeded
        /// Data that is not the one canonical encoding of its value, where that was asked for.
        case notCanonical
        /// The selector or first topic belongs to something else.
        case wrongSelector
        /// No function, event, error or parameter of that name.
        case notFound
        /// A name that stands for several overloads.
        case ambiguous
        /// Something that the packed encoding or a topic cannot express.
        case unsupported
    }

    /// The kind of failure.
    public let code: Code
    /// Where: `args[1].name`, empty when the whole input is meant.
    public let path: String
    /// One sentence without the place.
    public let reason: String

    /// Creates an error; `path` is empty when the whole input is meant.
    public init(_ code: Code, path: String = "", _ reason: String) {
        self.code = code
        self.path = path
        self.reason = reason
    }

    /// `path: reason`.
    public var description: String { path.isEmpty ? reason : "\(path): \(reason)" }

    /// The same error, one level further in: `prefix` is put in front of the path.
    package func within(_ prefix: String) -> ABIError {
        let joined: String
        if path.isEmpty || path.utf8.first == UInt8(ascii: "[") || prefix.isEmpty {
            joined = prefix + path
        } else {
            joined = prefix + "." + path
        }
        return ABIError(code, path: joined, reason)
    }
}
