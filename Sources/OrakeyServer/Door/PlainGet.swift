import NIOCore

/// The one request that thousands of programs send all day, recognised as bytes: a whole `GET /v1/key` with nothing
/// around it and no header that could change its meaning.
///
/// This is no HTTP parser. It says yes to one narrow form, and whatever differs in any way, right or wrong, goes to the
/// parser that all other requests go to. So a mistake here can cost speed, never meaning.
enum PlainGet {
    /// Longer ones go to the parser.
    static let mostBytes = 1024

    struct Request: Equatable {
        /// The value of Accept begins with `text/plain`.
        let wantsText: Bool
    }

    /// The request, if `bytes` is exactly one of the plain form.
    static func recognise(_ bytes: UnsafeRawBufferPointer) -> Request? {
        guard bytes.count <= mostBytes, unsafe starts(bytes, with: requestLine, at: 0),
            unsafe starts(bytes, with: end, at: bytes.count - end.utf8CodeUnitCount)
        else { return nil }
        var hasHost = false
        var wantsText: Bool?
        var position = requestLine.utf8CodeUnitCount
        // The last line ends where the final two bytes begin.
        while position < bytes.count - 2 {
            guard let line = unsafe Line(bytes, from: position) else { return nil }
            switch line.name {
            case .host:
                guard !hasHost else { return nil }
                hasHost = true
            case .accept:
                guard wantsText == nil else { return nil }
                wantsText = unsafe starts(bytes, anyCaseOf: plainText, at: line.value.lowerBound)
            case .ignored: break
            }
            position = line.value.upperBound + 2
        }
        // Without a Host it is no HTTP/1.1; the parser's side says so.
        guard hasHost, position == bytes.count - 2 else { return nil }
        return Request(wantsText: wantsText ?? false)
    }

    private static let requestLine: StaticString = "GET /v1/key HTTP/1.1\r\n"
    private static let end: StaticString = "\r\n\r\n"
    private static let plainText: StaticString = "text/plain"

    private enum Name { case host, accept, ignored }

    /// One header line of the few that are known here.
    private struct Line {
        let name: Name
        /// Without the blanks around it.
        let value: Range<Int>

        init?(_ bytes: UnsafeRawBufferPointer, from start: Int) {
            guard let known = Self.names.first(where: { unsafe matches(bytes, name: $0.name, at: start) }) else {
                return nil
            }
            name = known.kind
            var first = start + known.name.utf8CodeUnitCount + 1
            while unsafe first < bytes.count && bytes[first] == UInt8(ascii: " ") { first += 1 }
            var last = first
            // Printable ASCII only; the first other byte must be the line's end.
            while last < bytes.count, case 0x20...0x7E = unsafe bytes[last] { last += 1 }
            guard last > first, unsafe bytes[last - 1] != UInt8(ascii: " "), last + 1 < bytes.count,
                unsafe bytes[last] == UInt8(ascii: "\r"), unsafe bytes[last + 1] == UInt8(ascii: "\n")
            else { return nil }
            value = first..<last
        }

        /// Nothing that says anything about the connection, a body or the caller's origin.
        private static let names: [(name: StaticString, kind: Name)] = [
            ("host", .host), ("accept", .accept), ("user-agent", .ignored), ("accept-encoding", .ignored),
        ]
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, with text: StaticString, at start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard start >= 0, bytes.count - start >= count else { return false }
        for index in 0..<count where unsafe bytes[start + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether a header name, in any case, and its colon stand at `start`.
    private static func matches(_ bytes: UnsafeRawBufferPointer, name: StaticString, at start: Int) -> Bool {
        let count = name.utf8CodeUnitCount
        guard bytes.count - start > count, unsafe bytes[start + count] == UInt8(ascii: ":") else { return false }
        return unsafe starts(bytes, anyCaseOf: name, at: start)
    }

    /// - Parameter text: in lower case.
    private static func starts(_ bytes: UnsafeRawBufferPointer, anyCaseOf text: StaticString, at start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - start >= count else { return false }
        for index in 0..<count where unsafe lowered(bytes[start + index]) != text.utf8Start[index] { return false }
        return true
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
