import NIOCore

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
}

/// Reads the head of a request of the plain form, in however many pieces it comes.
struct PlainFormReader {
    private var form = PlainForm()
    /// Nil within the first line.
    private var lines: FieldLineReader?
    /// Up to here the target was looked at.
    private var target = 0
    private var startLooks = 0
    private var count = 0
    private var isConnectionKnown = false

    /// How many bytes were looked at, however often each.
    var looks: Int { startLooks + (lines?.looks ?? 0) }

    /// Looks at what has come so far of one request: from its first byte on, and never less than the last time.
    mutating func read(_ buffer: ByteBuffer, rules: FieldRules) -> PlainForm.Finding {
        let bytes = buffer.readableBytesUInt8Span
        let finding = read(bytes, rules)
        // What has no end within the bounds will not be plain.
        return finding == .incomplete && bytes.count > PlainForm.mostHeadBytes ? .other : finding
    }

    private mutating func read(_ bytes: Span<UInt8>, _ rules: FieldRules) -> PlainForm.Finding {
        if lines == nil {
            switch readStart(bytes) {
            case .whole(let end): lines = FieldLineReader(at: end)
            case .part: return .incomplete
            case .none: return .other
            }
        }
        while true {
            switch lines?.next(bytes) {
            case .line(let line): guard take(line, bytes, rules) else { return .other }
            case .incomplete: return .incomplete
            case .end(let end):
                // Without a Host it is no HTTP/1.1; the parser's side says so.
                guard form.host != nil, end <= PlainForm.mostHeadBytes else { return .other }
                form.headBytes = end
                return .form(form)
            case .malformed, nil: return .other
            }
        }
    }

    private mutating func take(_ line: FieldLine, _ bytes: Span<UInt8>, _ rules: FieldRules) -> Bool {
        count += 1
        guard line.isASCII, count <= PlainForm.mostFields else { return false }
        switch rules.meaning(of: line.name, in: bytes) {
        case .goesOn, .type, .noted: form.kept.appendJoined(line.name.lowerBound..<line.end)
        case .endsHere: break
        case .elsewhere, .coding: return false
        case .host:
            guard form.host == nil, line.isTrimmed else { return false }
            form.host = line.value
        case .authorization:
            guard form.authorization == nil, line.isTrimmed else { return false }
            form.authorization = line.value
        case .length:
            guard form.length == nil, line.isTrimmed, let number = bytes.number(in: line.value, digits: 7),
                number <= PlainForm.mostBodyBytes
            else { return false }
            form.length = number
        case .connection:
            guard !isConnectionKnown, line.isTrimmed, bytes.equals("keep-alive", in: line.value) else { return false }
            isConnectionKnown = true
        }
        return true
    }

    /// Of the methods whose answers have bodies like all others.
    private static let methods: [StaticString] = ["POST ", "GET ", "PUT ", "PATCH ", "DELETE "]
    private static let version: StaticString = " HTTP/1.1\r\n"

    private enum Start {
        /// The fields begin here.
        case whole(Int)
        case part
        case none
    }

    private mutating func readStart(_ bytes: Span<UInt8>) -> Start {
        guard let name = Self.methods.first(where: { bytes.beginsLike($0, at: 0) }) else { return .none }
        let start = name.utf8CodeUnitCount
        guard start < bytes.count else { return .part }
        guard bytes[start] == UInt8(ascii: "/") else { return .none }
        target = max(target, start)
        startLooks -= target
        while target < bytes.count, (0x21...0x7E).contains(bytes[target]), bytes[target] != UInt8(ascii: "#") {
            target += 1
        }
        startLooks += target + 1
        guard bytes.beginsLike(Self.version, at: target) else { return .none }
        form.method = 0..<start - 1
        form.mayHaveBody = bytes[0] == UInt8(ascii: "P")
        form.isSafe = bytes[0] == UInt8(ascii: "G")
        form.target = start..<target
        let end = target + Self.version.utf8CodeUnitCount
        return end <= bytes.count ? .whole(end) : .part
    }
}
