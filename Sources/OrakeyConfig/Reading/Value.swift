import Yams

/// One value of the file with its place. Each conversion gives `nil` after it has noted a problem.
package struct Value {
    let node: Node
    /// The dotted path for messages, `networks.BASE.fees`.
    package let path: String
    package let context: ReadingContext

    /// Where the value begins.
    var mark: Mark? { node.mark }

    /// Notes a problem with this value. The message follows the path.
    package func report(_ code: ConfigurationError.Code, _ message: String) {
        context.report(code, mark, path.isEmpty ? message : "\(path): \(message)")
    }

    /// A mapping, each key once.
    package func mapping() -> MappingReader? {
        guard case .mapping(let mapping) = node else {
            report(.invalid, "expected a mapping of keys to values, found \(kind)")
            return nil
        }
        return MappingReader(mapping, at: self)
    }

    /// The elements of a list. Empty after a problem.
    package func list() -> [Value] {
        guard case .sequence(let sequence) = node else {
            report(.invalid, "expected a list, found \(kind)")
            return []
        }
        return sequence.enumerated().map { Value(node: $1, path: "\(path)[\($0)]", context: context) }
    }

    /// The elements of a list, or a single value as a list of one.
    package func listOrSingle() -> [Value] {
        if case .sequence = node { return list() }
        return [self]
    }

    /// Whether the value is a list without elements.
    var isEmptyList: Bool {
        guard case .sequence(let sequence) = node else { return false }
        return sequence.isEmpty
    }

    /// Text, quoted or not. Not empty.
    package func text() -> String? {
        guard case .scalar(let scalar) = node, !Self.isNull(node) else {
            report(.invalid, "expected text, found \(kind)")
            return nil
        }
        guard !scalar.string.isEmpty else {
            report(.invalid, "is empty")
            return nil
        }
        return scalar.string
    }

    /// A whole number in decimal digits, without quotes.
    package func integer<T: FixedWidthInteger>(in range: ClosedRange<T>) -> T? {
        guard let plain, plain.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2d }) else {
            report(.invalid, "expected a whole number in decimal digits, found \(kind)")
            return nil
        }
        guard let number = T(plain), range.contains(number) else {
            report(.invalid, "\(ReadingContext.quote(plain)) is not from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// `true` or `false`.
    package func boolean() -> Bool? {
        switch plain {
        case "true": return true
        case "false": return false
        default:
            report(.invalid, "expected true or false, found \(kind)")
            return nil
        }
    }

    /// One of the words of an enumeration.
    package func word<T: RawRepresentable<String>>(_ known: [T]) -> T? {
        guard let text = text() else { return nil }
        guard let found = known.first(where: { $0.rawValue == text }) else {
            let words = known.map(\.rawValue).joined(separator: ", ")
            report(.invalid, "expected one of \(words), found \(ReadingContext.quote(text))")
            return nil
        }
        return found
    }

    /// Text that another type parses; the type's own error says what is wrong.
    package func parsed<T>(_ parse: (String) throws -> T) -> T? {
        guard let text = text() else { return nil }
        do {
            return try parse(text)
        } catch {
            report(.invalid, "\(error)")
            return nil
        }
    }

    /// A path, relative to the configuration file.
    package func filePath() -> String? {
        guard let text = text() else { return nil }
        guard !text.hasPrefix("~") else {
            report(.invalid, "'~' is not expanded here; write the path from / or relative to the configuration file")
            return nil
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            report(.invalid, "has a control character in it")
            return nil
        }
        return context.absolute(text)
    }

    /// Whether a node is YAML's null: nothing at all, `~` or `null`.
    static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The text of a scalar, quoted or not.
    var scalar: String? {
        guard case .scalar(let scalar) = node, !Self.isNull(node) else { return nil }
        return scalar.string
    }

    /// The text of a scalar that is not quoted.
    var plain: String? {
        guard case .scalar(let scalar) = node, scalar.style == .plain, !Self.isNull(node) else { return nil }
        return scalar.string
    }

    /// What the value is, for messages. Numbers and words are shown, longer texts are not: they may be an address with
    /// a token in it.
    var kind: String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            if Self.isNull(node) { return "nothing" }
            if scalar.style != .plain { return "text in quotes" }
            let isWord = scalar.string.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.+-".contains($0)) }
            return isWord && scalar.string.utf8.count <= 20 ? ReadingContext.quote(scalar.string) : "text"
        }
    }
}
