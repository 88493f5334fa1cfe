import StrictJSON
import Yams

/// Takes the keys of one mapping apart, and at the end notes those that nobody asked for.
package struct MappingReader {
    package let value: Value
    private var entries: [String: (key: Node, value: Node)] = [:]
    package private(set) var keys: [String] = []
    private var asked: [String] = []

    init(_ mapping: Node.Mapping, at value: Value) {
        self.value = value
        for (key, content) in mapping {
            guard case .scalar(let scalar) = key else {
                value.context.report(.syntax, key.mark, "a key has to be a word, not a list or mapping")
                continue
            }
            // The parser compares keys as YAML values, where 1 and "1" differ; here they are the same word.
            guard entries[scalar.string] == nil else {
                value.context.report(.duplicate, key.mark, "\(Self.quote(scalar.string)) stands here more than once")
                continue
            }
            entries[scalar.string] = (key, content)
            keys.append(scalar.string)
        }
    }

    /// The value of a key that may be missing.
    package mutating func optional(_ key: String) -> Value? {
        asked.append(key)
        guard let entry = entries[key] else { return nil }
        guard !Value.isNull(entry.value) else {
            let path = path(of: key)
            value.context.report(.missing, entry.key.mark, "\(path) has no value; give it one or take the line out")
            return nil
        }
        return Value(node: entry.value, path: path(of: key), context: value.context)
    }

    /// The value of a key that has to be there.
    package mutating func required(_ key: String, _ hint: String) -> Value? {
        if entries[key] == nil {
            asked.append(key)
            value.context.report(.missing, value.mark, "\(path(of: key)) is missing: \(hint)")
            return nil
        }
        return optional(key)
    }

    /// Whether the file has the key.
    package func has(_ key: String) -> Bool { entries[key] != nil }

    /// Where a key stands.
    func mark(of key: String) -> Mark? { entries[key]?.key.mark }

    /// Notes a problem at a key of this mapping.
    package func report(_ code: ConfigurationError.Code, at key: String, _ message: String) {
        value.context.report(code, mark(of: key) ?? value.mark, "\(path(of: key)): \(message)")
    }

    /// The value under a key that was not given by the format but by the user, as the name of a network.
    package mutating func named(_ key: String) -> Value? { optional(key) }

    /// Notes every key that was not asked for.
    ///
    /// - Parameter later: Keys whose features this version lacks. They are refused with that reason: a key that has no
    ///   effect would look as if it had one.
    package func finish(later: [String] = []) {
        for key in keys where !asked.contains(key) {
            let place = path(of: key, quoted: true)
            if later.contains(key) {
                value.context.report(
                    .unsupported, mark(of: key), "\(place) is not supported in this version of orakeyd; take it out")
                continue
            }
            let nearest = NearestName.of(key, among: asked).map { "; did you mean '\($0)'?" }
            let known = asked.isEmpty ? "" : "; known here: \(asked.sorted().joined(separator: ", "))"
            value.context.report(.unknownKey, mark(of: key), "unknown key \(place)\(nearest ?? known)")
        }
    }

    private func path(of key: String, quoted: Bool = false) -> String {
        let name = quoted ? Self.quote(key) : key
        return value.path.isEmpty ? name : "\(value.path).\(name)"
    }

    private static func quote(_ key: String) -> String { ReadingContext.quote(key) }
}
