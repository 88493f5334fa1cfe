/// Bounds of what ``JSON/parse(_:limits:)`` accepts.
public struct JSONLimits: Sendable, Equatable {
    /// Nesting of arrays and objects.
    public var maxDepth: Int

    /// Size of the text in bytes.
    public var maxBytes: Int

    /// Number of values, members and elements together: a few bytes of text can take a hundred of memory.
    public var maxValues: Int

    /// Depth is capped at 512 whatever is asked, since the parser recurses.
    public init(maxDepth: Int = 64, maxBytes: Int = 64 << 20, maxValues: Int = 1 << 20) {
        self.maxDepth = min(maxDepth, 512)
        self.maxBytes = maxBytes
        self.maxValues = maxValues
    }

    /// 64 levels, 64 MiB, 2^20 values.
    public static let `default` = JSONLimits()
}

extension JSON {
    /// Parses one JSON value (RFC 8259): strict grammar, valid UTF-8, no duplicate keys, nothing before or after the
    /// value but white space.
    ///
    /// - Throws: ``JSONError`` with line, column and path.
    public static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = .default) throws(JSONError) -> JSON {
        guard bytes.count <= limits.maxBytes else { throw JSONError(.tooLarge(limit: limits.maxBytes)) }
        let parsed: Result<JSON, JSONError>? = bytes.withContiguousStorageIfAvailable { buffer in
            JSON.parsed(buffer.span, limits)
        }
        return try (parsed ?? JSON.parsed(Array(bytes).span, limits)).get()
    }

    /// Parses the UTF-8 text of one JSON value; see ``parse(_:limits:)``.
    ///
    /// - Throws: ``JSONError`` with line, column and path.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default
    ) throws(JSONError) -> JSON {
        guard bytes.count <= limits.maxBytes else { throw JSONError(.tooLarge(limit: limits.maxBytes)) }
        return try parsed(bytes.bindMemory(to: UInt8.self).span, limits).get()
    }

    /// Parses a string; see ``parse(_:limits:)``.
    ///
    /// - Throws: ``JSONError`` with line, column and path.
    public static func parse(text: String, limits: JSONLimits = .default) throws(JSONError) -> JSON {
        try parse(text.utf8, limits: limits)
    }

    private static func parsed(_ bytes: Span<UInt8>, _ limits: JSONLimits) -> Result<JSON, JSONError> {
        var parser = JSONParser(limits: limits)
        do throws(JSONError) {
            return .success(try parser.document(bytes))
        } catch {
            return .failure(error)
        }
    }
}

/// Recursive descent over a span; every read is bounds-checked by the span itself.
struct JSONParser {
    let limits: JSONLimits
    var position = 0
    var values = 0

    init(limits: JSONLimits) { self.limits = limits }

    mutating func document(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf { throw fail(.byteOrderMark, bytes) }
        skipSpace(bytes)
        guard position < bytes.count else { throw fail(.empty, bytes) }
        let value = try value(bytes, depth: 0)
        skipSpace(bytes)
        guard position == bytes.count else { throw fail(.trailingBytes, bytes) }
        return value
    }

    func fail(_ kind: JSONError.Kind, _ bytes: Span<UInt8>, at offset: Int? = nil) -> JSONError {
        let offset = offset ?? position
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONError(kind, position: .init(line: line, column: offset - lineStart + 1, offset: offset))
    }

    mutating func skipSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        guard position < bytes.count else { throw fail(.unexpectedEnd, bytes) }
        values += 1
        guard values <= limits.maxValues else { throw fail(.tooManyValues(limit: limits.maxValues), bytes) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string(bytes))
        case UInt8(ascii: "{"): return .object(try object(bytes, depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(bytes, depth: depth + 1))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number(bytes))
        case UInt8(ascii: "t"): return try word("true", .bool(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .bool(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        default: throw fail(.unexpectedByte, bytes)
        }
    }

    mutating func word(_ word: StaticString, _ value: JSON, _ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw fail(.unexpectedEnd, bytes) }
            guard bytes[position] == word.utf8Start[offset] else { throw fail(.unexpectedByte, bytes) }
            position += 1
        }
        return value
    }

    mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> JSONNumber {
        guard let length = JSONNumber.literalLength(in: bytes, from: position) else {
            throw fail(.invalidNumber, bytes)
        }
        let literal = text(bytes.extracting(position..<position + length))
        position += length
        return JSONNumber(checked: literal ?? "0")
    }

    mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> [JSON] {
        guard depth <= limits.maxDepth else { throw fail(.tooDeep(limit: limits.maxDepth), bytes) }
        position += 1
        var values: [JSON] = []
        skipSpace(bytes)
        if try take(UInt8(ascii: "]"), bytes) { return values }
        while true {
            do throws(JSONError) {
                skipSpace(bytes)
                values.append(try value(bytes, depth: depth))
            } catch {
                throw error.inside(index: values.count)
            }
            skipSpace(bytes)
            if try take(UInt8(ascii: "]"), bytes) { return values }
            guard try take(UInt8(ascii: ","), bytes) else { throw fail(.unexpectedByte, bytes) }
        }
    }

    mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= limits.maxDepth else { throw fail(.tooDeep(limit: limits.maxDepth), bytes) }
        position += 1
        var members = JSONObject()
        skipSpace(bytes)
        if try take(UInt8(ascii: "}"), bytes) { return members }
        while true {
            skipSpace(bytes)
            let keyStart = position
            guard position < bytes.count else { throw fail(.unexpectedEnd, bytes) }
            guard bytes[position] == UInt8(ascii: "\"") else { throw fail(.unexpectedByte, bytes) }
            let key = try string(bytes)
            skipSpace(bytes)
            guard try take(UInt8(ascii: ":"), bytes) else { throw fail(.unexpectedByte, bytes) }
            do throws(JSONError) {
                skipSpace(bytes)
                let value = try value(bytes, depth: depth)
                guard members.insertNew(key, value) else { throw fail(.duplicateKey(key), bytes, at: keyStart) }
            } catch {
                if case .duplicateKey(key) = error.kind, error.offset == keyStart { throw error }
                throw error.inside(key: key)
            }
            skipSpace(bytes)
            if try take(UInt8(ascii: "}"), bytes) { return members }
            guard try take(UInt8(ascii: ","), bytes) else { throw fail(.unexpectedByte, bytes) }
        }
    }

    /// Steps over `byte` if it comes next. The end of the text is an error: both callers are inside something.
    mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        guard position < bytes.count else { throw fail(.unexpectedEnd, bytes) }
        guard bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard let text = text(bytes.extracting(start..<position)) else {
                    throw fail(.invalidUTF8, bytes, at: start)
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                return try stringWithEscapes(bytes, start: start)
            case 0..<0x20:
                throw fail(.controlCharacter, bytes)
            default:
                position += 1
            }
        }
        throw fail(.unexpectedEnd, bytes)
    }

    /// The rest of a string from its first escape on, into a buffer of its own.
    mutating func stringWithEscapes(_ bytes: Span<UInt8>, start: Int) throws(JSONError) -> String {
        var buffer: [UInt8] = []
        for index in start..<position { buffer.append(bytes[index]) }
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = text(buffer.span) else { throw fail(.invalidUTF8, bytes, at: start) }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                try escape(bytes, into: &buffer)
            case 0..<0x20:
                throw fail(.controlCharacter, bytes)
            default:
                buffer.append(byte)
                position += 1
            }
        }
        throw fail(.unexpectedEnd, bytes)
    }

    mutating func escape(_ bytes: Span<UInt8>, into buffer: inout [UInt8]) throws(JSONError) {
        let start = position
        guard position + 1 < bytes.count else {
            position = bytes.count
            throw fail(.unexpectedEnd, bytes)
        }
        let byte = bytes[position + 1]
        position += 2
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0c)
        case UInt8(ascii: "n"): buffer.append(0x0a)
        case UInt8(ascii: "r"): buffer.append(0x0d)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try fourHexDigits(bytes)
            if (0xd800..<0xdc00).contains(scalar) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw fail(.loneSurrogate, bytes, at: start) }
                position += 2
                let low = try fourHexDigits(bytes)
                guard (0xdc00..<0xe000).contains(low) else { throw fail(.loneSurrogate, bytes, at: start) }
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(scalar) else { throw fail(.loneSurrogate, bytes, at: start) }
            buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw fail(.invalidEscape, bytes, at: start)
        }
    }

    mutating func fourHexDigits(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count else { throw fail(.unexpectedEnd, bytes) }
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fail(.invalidEscape, bytes)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// The span as a string; nil when it is not valid UTF-8.
    func text(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }
}
