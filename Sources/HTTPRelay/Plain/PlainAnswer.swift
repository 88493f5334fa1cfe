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
    public let status: Int
    /// Whether the body is a stream of server-sent events.
    public private(set) var isEventStream = false
    private(set) var framing = Framing.connection
    /// Whether another request may follow on the connection.
    private(set) var isReusable: Bool
    /// The lines that go on, neighbours joined.
    private(set) var kept: [Range<Int>] = []
    private let bytes: ByteBuffer
    private let fields: Int
    private(set) var headBytes = 0

    private var noted: Range<Int>?

    /// The value of the first field that the rules want to be noted.
    public var note: String? { noted.flatMap { Self.text(bytes.readableBytesUInt8Span, $0) } }

    /// The value of a field; `name` in lower case.
    public func value(of name: String) -> String? {
        let bytes = bytes.readableBytesUInt8Span
        let name = Array(name.utf8)
        var position = fields
        while case .line(let line) = FieldLine.read(bytes, at: position) {
            if bytes.equals(name, in: line.name) { return Self.text(bytes, line.value) }
            position = line.end
        }
        return nil
    }

    /// Reads the head that begins with the first of these bytes; nil while it is not all there.
    static func read(_ buffer: ByteBuffer, rules: FieldRules) throws(HTTPError) -> PlainAnswer? {
        let bytes = buffer.readableBytesUInt8Span
        var end = 0
        while end < bytes.count, bytes[end] != lineFeed { end += 1 }
        guard end < bytes.count || bytes.holds("HTTP/1.", at: 0) || bytes.count < 7 else {
            throw HTTPError(malformed: "the answer is not HTTP/1.1")
        }
        guard end < bytes.count else { return nil }
        // "HTTP/1.1 200" and the rest of the line, which nobody reads. Some take a lone CR in it for the line's end.
        guard bytes.holds("HTTP/1.1 ", at: 0) || bytes.holds("HTTP/1.0 ", at: 0), end >= 13,
            bytes[end - 1] == carriageReturn, let status = bytes.number(in: 9..<12, digits: 3), status >= 100,
            bytes[12] == UInt8(ascii: " ") || end == 13, (12..<end - 1).allSatisfy({ isText(bytes[$0]) })
        else { throw HTTPError(malformed: "the answer has no status line of HTTP/1.1") }
        let isNew = bytes[7] == UInt8(ascii: "1")
        var answer = PlainAnswer(status: status, isReusable: isNew, bytes: buffer, fields: end + 1)
        return try answer.readFields(bytes, rules, isNew: isNew) ? answer : nil
    }

    /// HTAB, SP, VCHAR and obs-text (RFC 9112, section 4).
    private static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7f || byte == 0x09 }

    private init(status: Int, isReusable: Bool, bytes: ByteBuffer, fields: Int) {
        self.status = status
        self.isReusable = isReusable
        self.bytes = bytes
        self.fields = fields
    }

    private mutating func readFields(
        _ bytes: Span<UInt8>, _ rules: FieldRules, isNew: Bool
    ) throws(HTTPError) -> Bool {
        var lengths = 0
        var codings = 0
        var named: [[UInt8]] = []
        var position = fields
        reading: while true {
            switch FieldLine.read(bytes, at: position) {
            case .incomplete: return false
            case .malformed:
                throw HTTPError(malformed: "the answer has a header line with a character it must not have")
            case .end(let end):
                headBytes = end
                break reading
            case .line(let line):
                guard line.isASCII || Self.text(bytes, line.value) != nil else {
                    throw HTTPError(malformed: "the answer has a header that is not UTF-8")
                }
                switch rules.meaning(of: line.name, in: bytes) {
                case .length:
                    guard let number = bytes.number(in: line.value, digits: 15) else {
                        throw HTTPError(malformed: "the answer's length is ambiguous")
                    }
                    lengths += 1
                    framing = .length(number)
                case .coding:
                    guard bytes.equals("chunked", in: line.value), isNew else {
                        throw HTTPError(malformed: "the answer has a transfer coding that nobody asked for")
                    }
                    codings += 1
                    framing = .chunks
                case .connection:
                    if !bytes.equals("keep-alive", in: line.value) { named += Self.names(bytes, line.value) }
                case .type:
                    isEventStream = Self.isEventStream(bytes, line.value)
                    keep(position..<line.end)
                case .noted:
                    noted = noted ?? line.value
                    keep(position..<line.end)
                case .endsHere: break
                default: keep(position..<line.end)
                }
                position = line.end
            }
        }
        // Two lengths, or a length and chunks: whoever reads on could see another answer in the body.
        guard lengths + codings <= 1 else { throw HTTPError(malformed: "the answer's length is ambiguous") }
        if status == 204 || status == 304 { framing = .none }
        if !named.isEmpty { drop(named, bytes, rules) }
        return true
    }

    private static let close = Array("close".utf8)

    /// The fields that `Connection` names end here as well.
    private mutating func drop(_ named: [[UInt8]], _ bytes: Span<UInt8>, _ rules: FieldRules) {
        if named.contains(Self.close) { isReusable = false }
        kept = []
        var position = fields
        while case .line(let line) = FieldLine.read(bytes, at: position) {
            let isNamed = named.contains { bytes.equals($0, in: line.name) }
            switch rules.meaning(of: line.name, in: bytes) {
            case .goesOn, .type, .noted: if !isNamed { keep(position..<line.end) }
            default: break
            }
            position = line.end
        }
    }

    private mutating func keep(_ line: Range<Int>) {
        if let last = kept.last, last.upperBound == line.lowerBound {
            kept[kept.count - 1] = last.lowerBound..<line.upperBound
        } else {
            kept.append(line)
        }
    }

    /// The comma-separated names, in lower case.
    private static func names(_ bytes: Span<UInt8>, _ value: Range<Int>) -> [[UInt8]] {
        (text(bytes, value) ?? "").lowercased().split(separator: ",").map {
            Array($0.utf8.filter { $0 != 0x20 && $0 != 0x09 })
        }
    }

    private static func isEventStream(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
        var end = value.lowerBound
        while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
        while end > value.lowerBound, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes.equals("text/event-stream", in: value.lowerBound..<end)
    }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        String(validating: range.map { bytes[$0] }, as: UTF8.self)
    }

    /// The lines that go on.
    func writeKept(to buffer: inout ByteBuffer) {
        for range in kept { buffer.writePart(of: bytes, range) }
    }
}
