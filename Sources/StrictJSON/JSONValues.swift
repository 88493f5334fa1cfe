extension JSON {
    /// A way from the outermost object to a value: the keys of the objects on it.
    public typealias Path = [StaticString]

    /// The values at these paths; nil where there is none.
    ///
    /// Checks the whole text as strictly as ``parse(_:limits:)``, but builds nothing else of it, which takes a fraction
    /// of the time.
    ///
    /// - Parameter paths: at most 32, none of which leads on from the end of another.
    /// - Throws: ``JSONError`` with line, column and path.
    public static func values(
        at paths: [Path], of bytes: some Collection<UInt8>, limits: JSONLimits = .default
    ) throws(JSONError) -> [JSON?] {
        let found: [JSON?]?? = bytes.withContiguousStorageIfAvailable { buffer in
            guard buffer.count <= limits.maxBytes else { return nil }
            var skipper = JSONSkipper(paths: paths, limits: limits)
            return skipper.document(buffer.span)
        }
        if case .some(.some(let values)) = found { return values }
        let json = try parse(bytes, limits: limits)
        return paths.map { path in path.reduce(json) { value, key in value?["\(key)"] } }
    }
}

/// Steps over JSON and builds only the values at some paths. Says no to all that is wrong and to some that is only
/// unusual: the parser reads that again and finds the words for it. So a mistake here can cost speed, and nothing is
/// accepted that the parser would refuse.
private struct JSONSkipper {
    /// More members of one object are compared faster by hashing, which the parser does.
    private static let mostMembers = 24

    private let paths: [JSON.Path]
    private var parser: JSONParser
    private var found: [JSON?]
    /// The keys seen so far of every object that is open.
    private var keys: [Range<Int>] = []
    private var scratch: [UInt8] = []

    init(paths: [JSON.Path], limits: JSONLimits) {
        precondition(paths.count <= UInt32.bitWidth)
        self.paths = paths
        parser = JSONParser(limits: limits)
        found = Array(repeating: nil, count: paths.count)
    }

    mutating func document(_ bytes: Span<UInt8>) -> [JSON?]? {
        keys.reserveCapacity(Self.mostMembers)
        parser.skipSpace(bytes)
        guard value(bytes, depth: 0, on: ~0) else { return nil }
        parser.skipSpace(bytes)
        return parser.position == bytes.count ? found : nil
    }

    /// - Parameter way: a bit for each path on which this value is.
    private mutating func value(_ bytes: Span<UInt8>, depth: Int, on way: UInt32 = 0) -> Bool {
        guard parser.position < bytes.count else { return false }
        parser.values += 1
        guard parser.values <= parser.limits.maxValues else { return false }
        switch bytes[parser.position] {
        case UInt8(ascii: "\""): return string(bytes) != nil
        case UInt8(ascii: "{"): return object(bytes, depth: depth + 1, on: way)
        case UInt8(ascii: "["): return array(bytes, depth: depth + 1)
        case UInt8(ascii: "t"): return word("true", bytes)
        case UInt8(ascii: "f"): return word("false", bytes)
        case UInt8(ascii: "n"): return word("null", bytes)
        default:
            guard let length = JSONNumber.literalLength(in: bytes, from: parser.position) else { return false }
            parser.position += length
            return true
        }
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) -> Bool {
        guard holds(word, bytes, at: parser.position) else { return false }
        parser.position += word.utf8CodeUnitCount
        return true
    }

    private func holds(_ text: StaticString, _ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard bytes.count - start >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where bytes[start + index] != text.utf8Start[index] { return false }
        return true
    }

    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        parser.skipSpace(bytes)
        guard parser.position < bytes.count, bytes[parser.position] == byte else { return false }
        parser.position += 1
        return true
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) -> Bool {
        guard depth <= parser.limits.maxDepth else { return false }
        parser.position += 1
        if take(UInt8(ascii: "]"), bytes) { return true }
        repeat {
            parser.skipSpace(bytes)
            guard value(bytes, depth: depth) else { return false }
        } while take(UInt8(ascii: ","), bytes)
        return take(UInt8(ascii: "]"), bytes)
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int, on way: UInt32) -> Bool {
        guard depth <= parser.limits.maxDepth else { return false }
        parser.position += 1
        if take(UInt8(ascii: "}"), bytes) { return true }
        let first = keys.count
        repeat {
            parser.skipSpace(bytes)
            guard keys.count - first < Self.mostMembers, parser.position < bytes.count,
                bytes[parser.position] == UInt8(ascii: "\""),
                // A key with escapes may be another in disguise.
                case (let key, false)? = string(bytes), isNew(key, since: first, bytes)
            else { return false }
            keys.append(key)
            guard take(UInt8(ascii: ":"), bytes) else { return false }
            parser.skipSpace(bytes)
            guard member(key, bytes, depth: depth, on: way) else { return false }
        } while take(UInt8(ascii: ","), bytes)
        keys.removeSubrange(first...)
        return take(UInt8(ascii: "}"), bytes)
    }

    private mutating func member(_ key: Range<Int>, _ bytes: Span<UInt8>, depth: Int, on way: UInt32) -> Bool {
        guard way != 0 else { return value(bytes, depth: depth) }
        var onward: UInt32 = 0
        for index in paths.indices where way & 1 << UInt32(index) != 0 {
            let name = paths[index][depth - 1]
            guard name.utf8CodeUnitCount == key.count, holds(name, bytes, at: key.lowerBound) else { continue }
            if paths[index].count == depth {
                guard let value = try? parser.value(bytes, depth: depth) else { return false }
                found[index] = value
                return true
            }
            onward |= 1 << UInt32(index)
        }
        return value(bytes, depth: depth, on: onward)
    }

    private func isNew(_ key: Range<Int>, since first: Int, _ bytes: Span<UInt8>) -> Bool {
        for index in first..<keys.count where keys[index].count == key.count {
            var offset = 0
            while offset < key.count, bytes[keys[index].lowerBound + offset] == bytes[key.lowerBound + offset] {
                offset += 1
            }
            if offset == key.count { return false }
        }
        return true
    }

    /// Where the string's text is, and whether there are escapes in it.
    private mutating func string(_ bytes: Span<UInt8>) -> (text: Range<Int>, hasEscapes: Bool)? {
        let start = parser.position + 1
        var position = start
        var hasEscapes = false
        var high: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                // Escapes are ASCII, so the text is valid UTF-8 with them if it is without.
                guard high < 0x80 || (try? UTF8Span(validating: bytes.extracting(start..<position))) != nil else {
                    return nil
                }
                parser.position = position + 1
                return (start..<position, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                parser.position = position
                scratch.removeAll(keepingCapacity: true)
                guard (try? parser.escape(bytes, into: &scratch)) != nil else { return nil }
                position = parser.position
            case 0..<0x20: return nil
            default:
                high |= byte
                position += 1
            }
        }
        return nil
    }
}
