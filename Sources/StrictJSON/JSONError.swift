/// Why a text is not the JSON that was expected. Says where; never repeats values, at most the name of a key.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        case empty
        case tooLarge(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case unexpectedEnd
        case unexpectedByte
        case trailingBytes
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        case controlCharacter
        case invalidUTF8
        case byteOrderMark
        case duplicateKey(String)
        case wrongType(expected: String, found: String)
        case missingField(String)
        case unknownField(String, nearest: String?)
        case outOfRange(String)
        case invalidValue(String)
    }

    /// Where in a text: line and column count from 1, the offset from 0; all in bytes.
    public struct Position: Sendable, Equatable {
        public let line: Int
        public let column: Int
        public let offset: Int

        public init(line: Int, column: Int, offset: Int) {
            self.line = line
            self.column = column
            self.offset = offset
        }
    }

    /// What is wrong.
    public let kind: Kind

    /// Where in the text, when a text was parsed.
    public let position: Position?

    /// Where in the value (`keys[2].state`); empty at the top.
    public let path: String

    /// An error of a reader of wire types; `path` names the value that is wrong.
    public init(_ kind: Kind, path: String = "", position: Position? = nil) {
        self.kind = kind
        self.path = path
        self.position = position
    }

    /// Line of the error, from 1; 0 when no text was parsed.
    public var line: Int { position?.line ?? 0 }

    /// Column of the error in bytes, from 1; 0 when no text was parsed.
    public var column: Int { position?.column ?? 0 }

    /// Offset of the error in bytes; 0 when no text was parsed.
    public var offset: Int { position?.offset ?? 0 }

    /// One line: path, what is wrong, position.
    public var description: String {
        var text = path.isEmpty ? "" : "\(path): "
        text += kind.message
        if let position { text += " (line \(position.line), column \(position.column))" }
        return text
    }

    /// What is wrong and where in the text, without the names of keys: for texts whose author may have put somebody's
    /// secret into one.
    public var descriptionWithoutNames: String {
        let kind: Kind =
            switch kind {
            case .duplicateKey: .invalidValue("a key appears twice")
            case .missingField: .invalidValue("a field is missing")
            case .unknownField: .invalidValue("unknown field")
            default: kind
            }
        return JSONError(kind, position: position).description
    }

    /// The same error seen from the member `key` outside.
    func inside(key: String) -> JSONError {
        JSONError(kind, path: JSONPath.join(JSONPath.printable(key), path), position: position)
    }

    /// The same error seen from the element `index` outside.
    func inside(index: Int) -> JSONError {
        JSONError(kind, path: JSONPath.join("[\(index)]", path), position: position)
    }
}

extension JSONError.Kind {
    /// What is wrong, in words.
    public var message: String {
        switch self {
        case .empty: "empty text where JSON was expected"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .unexpectedEnd: "the text ends in the middle of a value"
        case .unexpectedByte: "unexpected character"
        case .trailingBytes: "something follows the value"
        case .invalidNumber: "not a JSON number"
        case .invalidEscape: "invalid escape in a string"
        case .loneSurrogate: "half of a surrogate pair in a string"
        case .controlCharacter: "unescaped control character in a string"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .byteOrderMark: "the text begins with a byte order mark"
        case .duplicateKey(let key): "the key \"\(JSONPath.printable(key))\" appears twice"
        case .wrongType(let expected, let found): "expected \(expected), found \(found)"
        case .missingField(let name): "the field \"\(JSONPath.printable(name))\" is missing"
        case .unknownField(let name, let nearest):
            "unknown field \"\(JSONPath.printable(name))\"" + (nearest.map { ", did you mean \"\($0)\"?" } ?? "")
        case .outOfRange(let range): "expected \(range)"
        case .invalidValue(let reason): reason
        }
    }
}

/// Paths as people read them: `networks.BASE.rpc[0]`.
enum JSONPath {
    private static let longestName = 64

    static func join(_ outer: String, _ inner: String) -> String {
        if outer.isEmpty { return inner }
        if inner.isEmpty { return outer }
        return inner.hasPrefix("[") ? outer + inner : outer + "." + inner
    }

    /// A key cut to a sane length, control characters replaced, so that hostile text cannot paint a terminal.
    static func printable(_ key: String) -> String {
        var text = ""
        for scalar in key.unicodeScalars.prefix(longestName) {
            let isPlain = scalar.isASCII ? (0x20..<0x7f).contains(scalar.value) : scalar.properties.isAlphabetic
            text.unicodeScalars.append(isPlain ? scalar : "?")
        }
        return key.unicodeScalars.count > longestName ? text + "..." : text
    }
}
