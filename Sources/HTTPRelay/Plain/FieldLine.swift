/// One field line of a head, cut at its colon, as bytes.
///
/// Only CR LF ends a line, and nothing but visible characters, blanks and UTF-8 stands in it: what another reader could
/// take for the end of a line, or for the continuation of one, makes the head malformed (RFC 9112, sections 2.2 and 5).
/// That goes for a lone LF as well. A reader may take it for an end, but need not; one that passes it on leaves it to the
/// next reader where the line ends.
struct FieldLine {
    enum Reading {
        case line(FieldLine)
        /// The empty line; the body begins here.
        case end(Int)
        case incomplete
        case malformed
    }

    let name: Range<Int>
    /// Without the blanks around it.
    let value: Range<Int>
    /// Where the next line begins.
    let end: Int
    let isASCII: Bool
    /// No blanks behind the value. NIO's parser takes such for a part of it.
    var isTrimmed: Bool { value.upperBound + 2 == end }

    static func read(_ bytes: Span<UInt8>, at start: Int) -> Reading {
        var reader = FieldLineReader(at: start)
        return reader.next(bytes)
    }
}

/// Reads the field lines of a head one after the other, in however many pieces they come. It goes on where it stopped, so
/// that small pieces make no more work than large ones.
struct FieldLineReader {
    /// Where the line begins that comes next.
    private(set) var line: Int
    /// How many bytes were looked at, however often each.
    private(set) var looks = 0
    private var position: Int
    private var colon: Int?
    private var high: UInt8 = 0

    init(at start: Int) {
        line = start
        position = start
    }

    /// - Parameter bytes: what has come so far, and never less than the last time.
    mutating func next(_ bytes: Span<UInt8>) -> FieldLine.Reading {
        let start = position
        defer { looks += max(position - start, 0) + 1 }
        if colon == nil {
            while position < bytes.count, isTokenByte(bytes[position]) { position += 1 }
            guard position < bytes.count else { return .incomplete }
            if position == line, bytes[position] == carriageReturn {
                guard position + 1 < bytes.count else { return .incomplete }
                return bytes[position + 1] == lineFeed ? .end(position + 2) : .malformed
            }
            guard position > line, bytes[position] == UInt8(ascii: ":") else { return .malformed }
            colon = position
            position += 1
        }
        while position < bytes.count, isValueByte(bytes[position]) {
            high |= bytes[position]
            position += 1
        }
        guard let colon, position < bytes.count else { return .incomplete }
        guard bytes[position] == carriageReturn else { return .malformed }
        guard position + 1 < bytes.count else { return .incomplete }
        guard bytes[position + 1] == lineFeed else { return .malformed }
        var value = colon + 1..<position
        while let first = value.first, isBlank(bytes[first]) { value = first + 1..<value.upperBound }
        while let last = value.last, isBlank(bytes[last]) { value = value.lowerBound..<last }
        looks += position - colon - value.count
        let found = FieldLine(name: line..<colon, value: value, end: position + 2, isASCII: high < 0x80)
        position += 2
        (line, self.colon, high) = (position, nil, 0)
        return .line(found)
    }
}

let carriageReturn = UInt8(ascii: "\r")
let lineFeed = UInt8(ascii: "\n")

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

private func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

/// `tchar` of RFC 9110, section 5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
}

extension Span<UInt8> {
    /// Whether the text is here.
    func holds(_ text: StaticString, at start: Int) -> Bool {
        count - start >= text.utf8CodeUnitCount && beginsLike(text, at: start)
    }

    /// Whether the text is here, or may be once more bytes have come.
    func beginsLike(_ text: StaticString, at start: Int) -> Bool {
        for index in 0..<min(text.utf8CodeUnitCount, count - start)
        where unsafe self[start + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether that range is the text but for the case of its letters; `text` is in lower case.
    func equals(_ text: [UInt8], in range: Range<Int>) -> Bool {
        guard range.count == text.count else { return false }
        for index in 0..<text.count {
            let byte = self[range.lowerBound + index]
            guard (0x41...0x5A).contains(byte) ? byte | 0x20 == text[index] : byte == text[index] else { return false }
        }
        return true
    }

    /// The same of a text of the program's own, also in lower case.
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let byte = self[range.lowerBound + index]
            let lowered = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            guard unsafe lowered == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// A number of at most `digits` digits and nothing else.
    func number(in range: Range<Int>, digits: Int) -> Int? {
        guard (1...digits).contains(range.count) else { return nil }
        var number = 0
        for index in range {
            guard (0x30...0x39).contains(self[index]) else { return nil }
            number = number * 10 + Int(self[index] - 0x30)
        }
        return number
    }
}

extension [Range<Int>] {
    /// Appends a line that may go on with the last range.
    mutating func appendJoined(_ line: Range<Int>) {
        if let last, last.upperBound == line.lowerBound {
            self[count - 1] = last.lowerBound..<line.upperBound
        } else {
            append(line)
        }
    }
}
