public import NIOCore

/// Where the parts of a request of the plain form are: complete, of known length, with nothing in its head that speaks
/// of the connection or could be understood in two ways.
///
/// This is no HTTP parser. It says yes to one form whose meaning no parser could see differently; whatever else comes
/// goes to the parser that all other requests go to. So a mistake here can cost speed, never meaning.
struct PlainForm: Equatable {
    enum Finding: Equatable {
        case form(PlainForm)
        /// It may become one.
        case incomplete
        /// Anything else.
        case other
    }

    /// Longer heads and bodies go to the parser, which has bounds of its own.
    static let mostHeadBytes = 8 * 1024
    static let mostBodyBytes = 256 * 1024
    /// Fields of one request.
    static let mostFields = 64

    fileprivate(set) var method = 0..<0
    /// POST, PUT or PATCH.
    fileprivate(set) var mayHaveBody = false
    /// GET: it changes nothing, however often it comes.
    fileprivate(set) var isSafe = false
    fileprivate(set) var target = 0..<0
    fileprivate(set) var authorization: Range<Int>?
    fileprivate(set) var host: Range<Int>?
    /// The lines that go on, neighbours joined.
    fileprivate(set) var kept: [Range<Int>] = []
    fileprivate(set) var headBytes = 0
    /// As announced; nil where nothing is.
    fileprivate(set) var length: Int?

    /// Bytes of the whole request.
    var count: Int { headBytes + (length ?? 0) }

    /// Looks at what begins with the first of these bytes.
    static func find(in buffer: ByteBuffer, rules: FieldRules) -> Finding {
        let bytes = buffer.readableBytesUInt8Span
        var form = PlainForm()
        let finding = form.read(bytes, rules)
        // What has no end within the bounds will not be plain.
        return finding == .incomplete && bytes.count > mostHeadBytes ? .other : finding
    }

    private mutating func read(_ bytes: Span<UInt8>, _ rules: FieldRules) -> Finding {
        var position: Int
        switch readLine(bytes) {
        case .whole(let end): position = end
        case .part: return .incomplete
        case .none: return .other
        }
        var isConnectionKnown = false
        for _ in 0...Self.mostFields {
            switch FieldLine.read(bytes, at: position) {
            case .incomplete: return .incomplete
            case .malformed: return .other
            case .end(let end):
                // Without a Host it is no HTTP/1.1; the parser's side says so.
                guard host != nil, end <= Self.mostHeadBytes else { return .other }
                headBytes = end
                return .form(self)
            case .line(let line):
                guard line.isASCII else { return .other }
                switch rules.meaning(of: line.name, in: bytes) {
                case .goesOn, .type, .noted: keep(position..<line.end)
                case .endsHere: break
                case .elsewhere, .coding: return .other
                case .host:
                    guard host == nil, line.isTrimmed else { return .other }
                    host = line.value
                case .authorization:
                    guard authorization == nil, line.isTrimmed else { return .other }
                    authorization = line.value
                case .length:
                    guard length == nil, line.isTrimmed, let number = bytes.number(in: line.value, digits: 7),
                        number <= Self.mostBodyBytes
                    else { return .other }
                    length = number
                case .connection:
                    guard !isConnectionKnown, line.isTrimmed, bytes.equals("keep-alive", in: line.value) else {
                        return .other
                    }
                    isConnectionKnown = true
                }
                position = line.end
            }
        }
        return .other
    }

    /// Of the methods whose answers have bodies like all others.
    private static let methods: [StaticString] = ["POST ", "GET ", "PUT ", "PATCH ", "DELETE "]
    private static let version: StaticString = " HTTP/1.1\r\n"

    private enum Line {
        /// The fields begin here.
        case whole(Int)
        case part
        case none
    }

    private mutating func readLine(_ bytes: Span<UInt8>) -> Line {
        guard let name = Self.methods.first(where: { bytes.beginsLike($0, at: 0) }) else { return .none }
        let start = name.utf8CodeUnitCount
        guard start < bytes.count else { return .part }
        guard bytes[start] == UInt8(ascii: "/") else { return .none }
        var position = start
        while position < bytes.count, (0x21...0x7E).contains(bytes[position]), bytes[position] != UInt8(ascii: "#") {
            position += 1
        }
        guard bytes.beginsLike(Self.version, at: position) else { return .none }
        method = 0..<start - 1
        mayHaveBody = bytes[0] == UInt8(ascii: "P")
        isSafe = bytes[0] == UInt8(ascii: "G")
        target = start..<position
        let end = position + Self.version.utf8CodeUnitCount
        return end <= bytes.count ? .whole(end) : .part
    }

    private mutating func keep(_ line: Range<Int>) {
        if let last = kept.last, last.upperBound == line.lowerBound {
            kept[kept.count - 1] = last.lowerBound..<line.upperBound
        } else {
            kept.append(line)
        }
    }
}

/// A whole request of the plain form.
public struct PlainRequest: Sendable {
    let form: PlainForm
    /// Head and body, from the first byte on.
    let bytes: ByteBuffer

    /// The target in origin form, as received.
    public var target: ByteBufferView { view(form.target) }
    /// The value of the one Host field.
    public var host: String { String(decoding: view(form.host ?? 0..<0), as: UTF8.self) }
    /// The value of the one Authorization field; nil without one.
    public var authorization: String? { form.authorization.map { String(decoding: view($0), as: UTF8.self) } }
    /// The body.
    public var body: ByteBufferView { view(form.headBytes..<form.count) }

    private func view(_ range: Range<Int>) -> ByteBufferView {
        bytes.viewBytes(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBufferView()
    }

    /// The request as it goes on, but for the fields that are added to it: up to them, and from the head's end on.
    func writeStart(to buffer: inout ByteBuffer, host: String) {
        buffer.writePart(of: bytes, form.method.lowerBound..<form.target.upperBound)
        buffer.writeStaticString(" HTTP/1.1\r\nHost: ")
        buffer.writeString(host)
        buffer.writeStaticString("\r\n")
        for range in form.kept { buffer.writePart(of: bytes, range) }
        // A method that has a body says so even when it is empty (RFC 9110, section 8.6).
        if let length = form.length ?? (form.mayHaveBody ? 0 : nil) {
            buffer.writeStaticString("Content-Length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        }
    }

    func writeBody(to buffer: inout ByteBuffer) {
        buffer.writePart(of: bytes, form.headBytes..<form.count)
    }
}

extension ByteBuffer {
    /// Adds bytes of another buffer, counted from its first readable one.
    mutating func writePart(of source: ByteBuffer, _ range: Range<Int>) {
        guard let view = source.viewBytes(at: source.readerIndex + range.lowerBound, length: range.count) else {
            return
        }
        writeBytes(view)
    }
}
