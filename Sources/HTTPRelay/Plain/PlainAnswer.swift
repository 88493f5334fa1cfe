import CurlHTTP
import NIOCore

/// The head of an answer, as bytes.
public struct PlainAnswer: Sendable {
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunks
        /// The body ends with the connection, so that its end can't be told from its being cut short.
        case connection
    }

    /// Status line and fields of one answer, in bytes, those of 1xx before it included.
    static let mostHeadBytes = 64 * 1024

    /// The status code.
    public fileprivate(set) var status = 0
    /// Whether the body is a stream of server-sent events.
    public fileprivate(set) var isEventStream = false
    fileprivate(set) var framing = Framing.connection
    /// Whether another request may follow on the connection.
    fileprivate(set) var isReusable = false
    /// The lines that go on, neighbours joined.
    fileprivate(set) var kept: [Range<Int>] = []
    fileprivate var bytes = ByteBuffer()
    /// Where the fields begin.
    fileprivate var fields = 0
    fileprivate(set) var headBytes = 0

    fileprivate var noted: Range<Int>?

    /// The value of the first field that the rules want to be noted.
    public var note: String? { noted.flatMap { bytes.readableBytesUInt8Span.text($0) } }

    /// The value of a field; `name` in lower case.
    public func value(of name: String) -> String? {
        let bytes = bytes.readableBytesUInt8Span
        let name = Array(name.utf8)
        var position = fields
        while case .line(let line) = FieldLine.read(bytes, at: position) {
            if bytes.equals(name, in: line.name) { return bytes.text(line.value) }
            position = line.end
        }
        return nil
    }

    /// The lines that go on.
    func writeKept(to buffer: inout ByteBuffer) {
        for range in kept { buffer.writePart(of: bytes, range) }
    }
}

/// Reads the head of an answer, in however many pieces it comes.
struct PlainAnswerReader {
    private var answer = PlainAnswer()
    /// Nil within the status line.
    private var lines: FieldLineReader?
    /// Up to here there is no end of the status line.
    private var searched = 0
    private var startLooks = 0
    private var isNew = false
    private var lengths = 0
    private var codings = 0
    /// By `Connection`.
    private var named: [[UInt8]] = []

    /// How many bytes were looked at, however often each.
    var looks: Int { startLooks + (lines?.looks ?? 0) }

    /// Looks at what has come so far of one head: from its first byte on, and never less than the last time. Nil while it
    /// is not all there.
    mutating func read(_ buffer: ByteBuffer, rules: FieldRules) throws(HTTPError) -> PlainAnswer? {
        let bytes = buffer.readableBytesUInt8Span
        if lines == nil {
            guard let end = try readStatus(bytes) else { return nil }
            lines = FieldLineReader(at: end)
        }
        while true {
            switch lines?.next(bytes) {
            case .line(let line): try take(line, bytes, rules)
            case .incomplete: return nil
            case .end(let end):
                answer.headBytes = end
                answer.bytes = buffer
                try finish(bytes, rules)
                return answer
            case .malformed, nil:
                throw HTTPError(malformed: "the answer has a header line with a character it must not have")
            }
        }
    }

    /// "HTTP/1.1 200" and the rest of the line, which nobody reads; where the next line begins, nil while that is not there.
    private mutating func readStatus(_ bytes: Span<UInt8>) throws(HTTPError) -> Int? {
        guard bytes.beginsLike("HTTP/1.", at: 0) else { throw HTTPError(malformed: "the answer is not HTTP/1.1") }
        startLooks -= searched
        while searched < bytes.count, bytes[searched] != lineFeed { searched += 1 }
        startLooks += searched + 1
        guard searched < bytes.count else { return nil }
        let end = searched
        // Some take a lone CR for the line's end.
        guard bytes.holds("HTTP/1.1 ", at: 0) || bytes.holds("HTTP/1.0 ", at: 0), end >= 13,
            bytes[end - 1] == carriageReturn, let status = bytes.number(in: 9..<12, digits: 3), status >= 100,
            bytes[12] == UInt8(ascii: " ") || end == 13, (12..<end - 1).allSatisfy({ Self.isText(bytes[$0]) })
        else { throw HTTPError(malformed: "the answer has no status line of HTTP/1.1") }
        isNew = bytes[7] == UInt8(ascii: "1")
        answer.status = status
        answer.isReusable = isNew
        answer.fields = end + 1
        return end + 1
    }

    /// HTAB, SP, VCHAR and obs-text (RFC 9112, section 4).
    private static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte == 0x09 }

    private mutating func take(_ line: FieldLine, _ bytes: Span<UInt8>, _ rules: FieldRules) throws(HTTPError) {
        guard line.isASCII || bytes.text(line.value) != nil else {
            throw HTTPError(malformed: "the answer has a header that is not UTF-8")
        }
        switch rules.meaning(of: line.name, in: bytes) {
        case .length:
            guard let number = bytes.number(in: line.value, digits: 15) else {
                throw HTTPError(malformed: "the answer's length is ambiguous")
            }
            lengths += 1
            answer.framing = .length(number)
        case .coding:
            guard bytes.equals("chunked", in: line.value), isNew else {
                throw HTTPError(malformed: "the answer has a transfer coding that nobody asked for")
            }
            codings += 1
            answer.framing = .chunks
        case .connection:
            if !bytes.equals("keep-alive", in: line.value) { named += Self.names(bytes, line.value) }
        case .type:
            answer.isEventStream = Self.isEventStream(bytes, line.value)
            answer.kept.appendJoined(line.name.lowerBound..<line.end)
        case .noted:
            answer.noted = answer.noted ?? line.value
            answer.kept.appendJoined(line.name.lowerBound..<line.end)
        case .endsHere: break
        default: answer.kept.appendJoined(line.name.lowerBound..<line.end)
        }
    }

    private mutating func finish(_ bytes: Span<UInt8>, _ rules: FieldRules) throws(HTTPError) {
        // Two lengths, or a length and chunks: whoever reads on could see another answer in the body.
        guard lengths + codings <= 1 else { throw HTTPError(malformed: "the answer's length is ambiguous") }
        if answer.status == 204 || answer.status == 304 { answer.framing = .none }
        if !named.isEmpty { drop(bytes, rules) }
    }

    private static let close = Array("close".utf8)

    /// The fields that `Connection` names end here as well.
    private mutating func drop(_ bytes: Span<UInt8>, _ rules: FieldRules) {
        if named.contains(Self.close) { answer.isReusable = false }
        answer.kept = []
        var position = answer.fields
        while case .line(let line) = FieldLine.read(bytes, at: position) {
            let isNamed = named.contains { bytes.equals($0, in: line.name) }
            switch rules.meaning(of: line.name, in: bytes) {
            case .goesOn, .type, .noted: if !isNamed { answer.kept.appendJoined(position..<line.end) }
            default: break
            }
            position = line.end
        }
    }

    /// The comma-separated names, in lower case.
    private static func names(_ bytes: Span<UInt8>, _ value: Range<Int>) -> [[UInt8]] {
        (bytes.text(value) ?? "").lowercased().split(separator: ",").map {
            Array($0.utf8.filter { $0 != 0x20 && $0 != 0x09 })
        }
    }

    private static func isEventStream(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
        var end = value.lowerBound
        while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
        while end > value.lowerBound, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes.equals("text/event-stream", in: value.lowerBound..<end)
    }
}

extension Span<UInt8> {
    /// Nil for what is not UTF-8.
    fileprivate func text(_ range: Range<Int>) -> String? {
        String(validating: range.map { self[$0] }, as: UTF8.self)
    }
}
