import Yams

/// The bounds within which a text is given to the YAML parser, and the parsed tree.
///
/// YAML's aliases are refused: nothing in a configuration needs them, and a page of them can stand for gigabytes.
package enum YAMLText {
    /// A configuration with a hundred networks and consumers takes a tenth of this.
    static let maximumBytes = 256 * 1024
    /// How many things that look like an alias may stand in a text that is parsed at all. Each level of a bomb needs
    /// two; the tree is searched for the real ones afterwards, and this bounds the work until then.
    static let maximumAliasLikes = 16
    /// Deeper than any valid configuration by far.
    static let maximumDepth = 32

    /// Parses one YAML document and gives its root to `body`. Problems go to the context.
    package static func parse(_ text: String, in context: ReadingContext, body: (Value) -> Void) {
        guard text.utf8.count <= maximumBytes else {
            context.report(
                .unreadable, nil, "is larger than \(maximumBytes / 1024) KiB; it does not look like a configuration")
            return
        }
        guard aliasLikes(in: text) <= maximumAliasLikes else {
            context.report(.syntax, nil, "has many YAML aliases (*name), which a configuration may not use")
            return
        }
        do {
            // Anchors are held weakly by the nodes: the parser that owns them has to outlive the search for them.
            let parser = try Parser(yaml: text, encoding: .utf8)
            let root = try parser.singleRoot()
            defer { withExtendedLifetime(parser) {} }
            guard let root, !Value.isNull(root) else {
                context.report(.missing, nil, "is empty; see the sample configuration")
                return
            }
            guard refuseAnchors(root, depth: 0, context) else { return }
            body(Value(node: root, path: "", context: context))
        } catch let error as YamlError {
            report(error, context)
        } catch {
            context.report(.syntax, nil, "is not YAML")
        }
    }

    /// Counts `*` where a token may begin. Lines that are all comment are left out: inside of a quoted text such a line
    /// is content, so that no alias is missed.
    private static func aliasLikes(in text: String) -> Int {
        var count = 0
        for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            if line.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) == UInt8(ascii: "#") {
                continue
            }
            var previous = UInt8(ascii: " ")
            for byte in line {
                if byte == UInt8(ascii: "*"), " \t[{,:?-".utf8.contains(previous) { count += 1 }
                previous = byte
            }
        }
        return count
    }

    /// Looks for anchors (aliases cannot be without one) and for absurd depth.
    private static func refuseAnchors(_ node: Node, depth: Int, _ context: ReadingContext) -> Bool {
        guard depth <= maximumDepth else {
            context.report(.syntax, node.mark, "is nested more than \(maximumDepth) deep")
            return false
        }
        guard node.anchor == nil else {
            context.report(
                .syntax, node.mark, "YAML anchors (&name) and aliases (*name) may not be used in a configuration")
            return false
        }
        switch node {
        case .mapping(let mapping):
            return mapping.allSatisfy {
                refuseAnchors($0.key, depth: depth + 1, context) && refuseAnchors($0.value, depth: depth + 1, context)
            }
        case .sequence(let sequence):
            return sequence.allSatisfy { refuseAnchors($0, depth: depth + 1, context) }
        case .scalar, .alias:
            return true
        }
    }

    /// Takes over the place and the parser's words, not the parser's excerpt of the file.
    private static func report(_ error: YamlError, _ context: ReadingContext) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            context.report(.syntax, mark, "not YAML: \(problem)")
        case .composer(_, let problem, let mark, _):
            context.report(.syntax, mark, problem)
        case .duplicatedKeysInMapping(let duplicates, let place):
            for key in duplicates {
                context.report(.duplicate, place.mark, "\(ReadingContext.quote(key)) stands here more than once")
            }
        case .reader(let problem, _, _, _):
            context.report(.syntax, nil, "not YAML: \(problem)")
        default:
            context.report(.syntax, nil, "is not YAML")
        }
    }
}
