/// How the end of a body is found (RFC 9112 §6.3).
enum BodyFraming: Equatable {
    case none
    case length(UInt64)
    case chunked
    case untilClose

    /// Decides from the head; refuses every combination that two readers could understand differently.
    init(method: String, head: ResponseHead) throws(UnixHTTPError) {
        let lengths = head.values("content-length")
        let encodings = head.values("transfer-encoding")
        guard lengths.count <= 1 else { throw Self.ambiguous("more than one Content-Length") }
        guard lengths.isEmpty || encodings.isEmpty else { throw Self.ambiguous("Content-Length and Transfer-Encoding") }
        if method == "HEAD" || head.status == 204 || head.status == 304 {
            self = .none
        } else if let encoding = encodings.first {
            guard encodings.count == 1, equalsIgnoringCase(encoding, "chunked") else {
                throw Self.ambiguous("a transfer coding other than chunked")
            }
            self = .chunked
        } else if let length = lengths.first {
            guard (1...18).contains(length.utf8.count), length.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let count = UInt64(length)
            else { throw Self.ambiguous("a Content-Length that is not a number") }
            self = .length(count)
        } else {
            // Without an announced close this would wait for a connection that stays open.
            guard head.isVersion10 || equalsIgnoringCase(head["connection"] ?? "", "close") else {
                throw Self.ambiguous("neither Content-Length nor chunks nor an announced close")
            }
            self = .untilClose
        }
    }

    private static func ambiguous(_ what: String) -> UnixHTTPError {
        UnixHTTPError(.malformedResponse, "the answer's length is unclear: \(what)")
    }
}

/// Takes the framing off a body: bytes in, ranges of payload out. Pure, so that it can be fuzzed without a socket.
struct BodyDecoder {
    /// A chunk-size line with extensions, and the whole trailer section.
    static let maxLine = 4096

    enum Step: Equatable {
        /// All input was consumed and the body goes on.
        case needInput
        /// This range of the input is payload.
        case payload(Range<Int>)
        /// The body is complete.
        case end
    }

    private enum State: Equatable {
        case fixed(UInt64)
        case untilClose
        case chunkSize(value: UInt64, digits: Int)
        case chunkExtension(value: UInt64)
        case chunkSizeEnd(value: UInt64)
        case chunkData(UInt64)
        case chunkDataEnd(sawReturn: Bool)
        case trailer(lineLength: Int, sawReturn: Bool)
        case end
    }

    private var state: State
    private var lineBytes = 0

    init(_ framing: BodyFraming) {
        state =
            switch framing {
            case .none: .end
            case .length(let count): count == 0 ? .end : .fixed(count)
            case .chunked: .chunkSize(value: 0, digits: 0)
            case .untilClose: .untilClose
            }
    }

    var isComplete: Bool { state == .end }
    /// Whether the end of the connection is a proper end of the body.
    var endsWithConnection: Bool { state == .untilClose }

    /// Consumes input from `position` on, up to the next piece of payload.
    mutating func step(_ input: Span<UInt8>, from position: inout Int, limit: Int) throws(UnixHTTPError) -> Step {
        while true {
            switch state {
            case .end:
                return .end
            case .fixed(let left), .chunkData(let left):
                guard position < limit else { return .needInput }
                let count = Int(min(UInt64(limit - position), left))
                let range = position..<position + count
                position += count
                advance(by: UInt64(count), of: left)
                return .payload(range)
            case .untilClose:
                guard position < limit else { return .needInput }
                let range = position..<limit
                position = limit
                return .payload(range)
            default:
                guard position < limit else { return .needInput }
                let byte = input[position]
                position += 1
                try framing(byte)
            }
        }
    }

    private mutating func advance(by count: UInt64, of left: UInt64) {
        if case .fixed = state {
            state = count == left ? .end : .fixed(left - count)
        } else {
            state = count == left ? .chunkDataEnd(sawReturn: false) : .chunkData(left - count)
        }
    }

    private mutating func framing(_ byte: UInt8) throws(UnixHTTPError) {
        lineBytes += 1
        guard lineBytes <= Self.maxLine else { throw Self.malformed("a chunk header is too long") }
        switch state {
        case .chunkSize(let value, let digits):
            if let digit = Self.hexDigit(byte) {
                // 15 digits: more than any memory, and no overflow.
                guard digits < 15 else { throw Self.malformed("a chunk size is too large") }
                state = .chunkSize(value: value << 4 | UInt64(digit), digits: digits + 1)
            } else if digits > 0, byte == 0x0D {
                state = .chunkSizeEnd(value: value)
            } else if digits > 0, byte == 0x3B || byte == 0x20 || byte == 0x09 {
                state = .chunkExtension(value: value)
            } else {
                throw Self.malformed("a chunk without a size")
            }
        case .chunkExtension(let value):
            if byte == 0x0D {
                state = .chunkSizeEnd(value: value)
            } else if byte < 0x20 && byte != 0x09 {
                throw Self.malformed("a control character in a chunk extension")
            }
        case .chunkSizeEnd(let value):
            guard byte == 0x0A else { throw Self.malformed("a bare carriage return in a chunk header") }
            lineBytes = 0
            state = value == 0 ? .trailer(lineLength: 0, sawReturn: false) : .chunkData(value)
        case .chunkDataEnd(let sawReturn):
            guard byte == (sawReturn ? 0x0A : 0x0D) else { throw Self.malformed("a chunk longer than its size") }
            lineBytes = 0
            state = sawReturn ? .chunkSize(value: 0, digits: 0) : .chunkDataEnd(sawReturn: true)
        case .trailer(let length, let sawReturn):
            if sawReturn {
                guard byte == 0x0A else { throw Self.malformed("a bare carriage return in the trailer") }
                state = length == 0 ? .end : .trailer(lineLength: 0, sawReturn: false)
            } else if byte == 0x0D {
                state = .trailer(lineLength: length, sawReturn: true)
            } else {
                guard byte >= 0x20 || byte == 0x09 else { throw Self.malformed("a control character in the trailer") }
                state = .trailer(lineLength: length + 1, sawReturn: false)
            }
        case .fixed, .chunkData, .untilClose, .end:
            break
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func malformed(_ what: String) -> UnixHTTPError {
        UnixHTTPError(.malformedResponse, "the answer's chunks are broken: \(what)")
    }
}
