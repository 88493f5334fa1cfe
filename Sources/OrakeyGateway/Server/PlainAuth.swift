import NIOCore

/// A question of another server in its usual form, recognised as bytes: `GET /auth` with headers and no body.
///
/// This is no HTTP parser. It says yes to one narrow form whose meaning no parser could see differently; whatever else
/// comes goes to the parser that all other requests go to. So a mistake here can cost speed, never meaning.
enum PlainAuth {
    /// What the first bytes of a connection are.
    enum Finding: Equatable {
        /// A whole request, of so many bytes.
        case request(Request)
        /// It may become one.
        case incomplete
        /// Anything else.
        case other
    }

    struct Request: Equatable {
        /// Bytes of the whole request.
        let count: Int
        /// Where the value of the one Authorization header is; nil without one.
        let authorization: Range<Int>?
        /// Asked in the dialect of nginx.
        let isNginx: Bool
    }

    /// Longer heads go to the parser, which has bounds of its own.
    static let mostBytes = 8192

    private static let plainLine: StaticString = "GET /auth HTTP/1.1\r\n"
    private static let nginxLine: StaticString = "GET /auth?nginx=1 HTTP/1.1\r\n"

    static func recognise(_ bytes: UnsafeRawBufferPointer) -> Finding {
        let isNginx: Bool
        var position: Int
        switch unsafe (match(bytes, plainLine), match(bytes, nginxLine)) {
        case (.whole, _): (isNginx, position) = (false, plainLine.utf8CodeUnitCount)
        case (_, .whole): (isNginx, position) = (true, nginxLine.utf8CodeUnitCount)
        case (.part, _), (_, .part): return .incomplete
        default: return .other
        }
        var hasHost = false
        var authorization: Range<Int>?
        while true {
            guard position + 1 < bytes.count else { break }
            if unsafe bytes[position] == UInt8(ascii: "\r") {
                // Without a Host it is no HTTP/1.1; the parser's side says so.
                guard unsafe bytes[position + 1] == UInt8(ascii: "\n"), hasHost else { return .other }
                return .request(Request(count: position + 2, authorization: authorization, isNginx: isNginx))
            }
            guard let line = unsafe HeaderLine(bytes, from: position) else { return .other }
            guard let value = line.value else { break }
            switch unsafe line.meaning(bytes) {
            case .nothing: break
            case .host:
                guard !hasHost else { return .other }
                hasHost = true
            case .authorization:
                guard authorization == nil else { return .other }
                authorization = value
            case .framing: return .other
            }
            position = line.end
        }
        return bytes.count < mostBytes ? .incomplete : .other
    }

    private enum Match { case whole, part, none }

    private static func match(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Match {
        for index in 0..<min(bytes.count, text.utf8CodeUnitCount)
        where unsafe bytes[index] != text.utf8Start[index] { return .none }
        return bytes.count < text.utf8CodeUnitCount ? .part : .whole
    }
}

/// One header line, cut at its colon.
private struct HeaderLine {
    enum Meaning { case nothing, host, authorization, framing }

    /// Everything that says something about a body or the connection: the parser's business.
    private static let framing: [StaticString] = [
        "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    private let name: Range<Int>
    /// Without the blanks around it; nil when the line is not all there yet.
    let value: Range<Int>?
    /// Where the next line begins.
    let end: Int

    /// Nil when it can be no header line that is surely one.
    init?(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        var position = start
        while unsafe position < bytes.count && Self.isNameCharacter(bytes[position]) { position += 1 }
        name = start..<position
        guard position < bytes.count else {
            (value, end) = (nil, position)
            return
        }
        guard !name.isEmpty, unsafe bytes[position] == UInt8(ascii: ":") else { return nil }
        position += 1
        while unsafe position < bytes.count && bytes[position] == UInt8(ascii: " ") { position += 1 }
        let first = position
        // Printable ASCII only; the first other byte must be the line's end.
        while position < bytes.count, case 0x20...0x7E = unsafe bytes[position] { position += 1 }
        guard position + 1 < bytes.count else {
            guard unsafe position == bytes.count || bytes[position] == UInt8(ascii: "\r") else { return nil }
            (value, end) = (nil, position)
            return
        }
        guard unsafe bytes[position] == UInt8(ascii: "\r"), unsafe bytes[position + 1] == UInt8(ascii: "\n") else {
            return nil
        }
        var last = position
        while unsafe last > first && bytes[last - 1] == UInt8(ascii: " ") { last -= 1 }
        value = first..<last
        end = position + 2
    }

    func meaning(_ bytes: UnsafeRawBufferPointer) -> Meaning {
        switch name.count {
        case 4 where unsafe equals(bytes, "host"): return .host
        case 13 where unsafe equals(bytes, "authorization"): return .authorization
        default: return Self.framing.contains { unsafe equals(bytes, $0) } ? .framing : .nothing
        }
    }

    private func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard name.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<name.count where unsafe bytes[name.lowerBound + index] | 0x20 != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Letters, digits and hyphen: what the names of all common headers are made of.
    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
