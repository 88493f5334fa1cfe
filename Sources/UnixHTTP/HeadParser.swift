/// Reads a response head. Strict: CRLF line ends only, no folded lines, no blank before the colon, no control
/// characters.
enum HeadParser {
    /// More fields than any server of ours sends.
    static let maxFields = 100

    /// The number of bytes up to and including the empty line that ends the head; nil while it has not come yet.
    /// `searched` is where an earlier call on a shorter prefix of the same bytes left off.
    static func end(of bytes: Span<UInt8>, searched: inout Int) throws(UnixHTTPError) -> Int? {
        var index = searched
        while index < bytes.count {
            if bytes[index] == 0x0A {
                // Refused here rather than when the whole head is there: it would never be.
                guard index > 0, bytes[index - 1] == 0x0D else { throw malformed("a bare line feed") }
                if index >= 3, bytes[index - 2] == 0x0A { return index + 1 }
            }
            index += 1
        }
        searched = index
        return nil
    }

    /// Parses the first `count` bytes, which end in CRLF CRLF.
    static func parse(_ bytes: Span<UInt8>, count: Int) throws(UnixHTTPError) -> ResponseHead {
        var position = 0
        let first = try line(bytes, from: &position, limit: count)
        let (status, isVersion10) = try statusLine(bytes, first)
        var fields: [ResponseHead.Field] = []
        while true {
            let range = try line(bytes, from: &position, limit: count)
            if range.isEmpty { break }
            guard fields.count < maxFields else {
                throw UnixHTTPError(.tooLarge, "the answer has more than \(maxFields) header fields")
            }
            fields.append(try field(bytes, range))
        }
        guard position == count else { throw malformed("an empty line inside the head") }
        return ResponseHead(status: status, fields: fields, isVersion10: isVersion10)
    }

    private static func line(_ bytes: Span<UInt8>, from position: inout Int, limit: Int) throws(UnixHTTPError) -> Range<
        Int
    > {
        let start = position
        var index = start
        while index < limit {
            let byte = bytes[index]
            if byte == 0x0D {
                guard index + 1 < limit, bytes[index + 1] == 0x0A else { throw malformed("a bare carriage return") }
                position = index + 2
                return start..<index
            }
            // Tab is the one control character that a value may hold.
            guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { throw malformed("a control character in the head") }
            index += 1
        }
        throw malformed("a line without an end")
    }

    /// `HTTP/1.1 200 OK`, the reason being anything or nothing.
    private static func statusLine(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(UnixHTTPError) -> (Int, Bool) {
        let prefix: StaticString = "HTTP/1."
        guard range.count >= 12 else { throw malformed("no status line") }
        let isHTTP = prefix.withUTF8Buffer { expected in
            expected.indices.allSatisfy { unsafe bytes[range.lowerBound + $0] == expected[$0] }
        }
        let minor = bytes[range.lowerBound + 7]
        guard isHTTP, minor == 0x31 || minor == 0x30, bytes[range.lowerBound + 8] == 0x20 else {
            throw malformed("not HTTP/1.1")
        }
        var status = 0
        for index in range.lowerBound + 9..<range.lowerBound + 12 {
            guard case 0x30...0x39 = bytes[index] else { throw malformed("the status is not a number") }
            status = status * 10 + Int(bytes[index] - 0x30)
        }
        guard (100...599).contains(status) else { throw malformed("a status outside 100 to 599") }
        guard range.count == 12 || bytes[range.lowerBound + 12] == 0x20 else {
            throw malformed("the status is too long")
        }
        return (status, minor == 0x30)
    }

    private static func field(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(UnixHTTPError) -> ResponseHead.Field {
        var colon = range.lowerBound
        while colon < range.upperBound, bytes[colon] != 0x3A {
            guard isTokenByte(bytes[colon]) else { throw malformed("a header name with a character it must not have") }
            colon += 1
        }
        guard colon < range.upperBound, colon > range.lowerBound else {
            throw malformed("a header line without a name")
        }
        var lower = colon + 1
        var upper = range.upperBound
        while lower < upper, bytes[lower] == 0x20 || bytes[lower] == 0x09 { lower += 1 }
        while upper > lower, bytes[upper - 1] == 0x20 || bytes[upper - 1] == 0x09 { upper -= 1 }
        return ResponseHead.Field(
            name: try text(bytes, range.lowerBound..<colon), value: try text(bytes, lower..<upper))
    }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(UnixHTTPError) -> String {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(bytes[index]) }
        guard let text = String(validating: copy, as: UTF8.self) else { throw malformed("a header that is not UTF-8") }
        return text
    }

    private static func malformed(_ what: String) -> UnixHTTPError {
        UnixHTTPError(.malformedResponse, "the answer is not valid HTTP/1.1: \(what)")
    }
}
