import CurlHTTP
import NIOCore

/// Takes the chunks off a body (RFC 9112, section 7.1). Extensions and trailers end here.
struct ChunkReader {
    enum Step: Equatable {
        case data(ByteBuffer)
        case needsMore
        case end
    }

    /// Bytes of extensions of one chunk, and of all trailers.
    static let mostExtra = 16 * 1024

    private enum State: Equatable {
        case size(digits: Int)
        case afterSize
        case extensions
        case sizeEnd
        case data
        case dataReturn
        case dataEnd
        case trailer
        case trailerEnd
        case lastEnd
        case over
    }

    private var state = State.size(digits: 0)
    private var left = 0
    private var extra = 0
    private var isTrailerEmpty = true

    /// The next part of the body, taken from the buffer.
    mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> Step {
        while true {
            if state == .over { return .end }
            if state == .data, left > 0 {
                guard let piece = buffer.readSlice(length: min(left, buffer.readableBytes)), piece.readableBytes > 0
                else { return .needsMore }
                left -= piece.readableBytes
                if left == 0 { state = .dataReturn }
                return .data(piece)
            }
            guard let byte = buffer.readInteger(as: UInt8.self) else { return .needsMore }
            try take(byte)
        }
    }

    private mutating func take(_ byte: UInt8) throws(HTTPError) {
        switch state {
        case .size(let digits): try takeSize(byte, digits)
        case .afterSize, .extensions:
            if byte == carriageReturn { return state = .sizeEnd }
            try count(byte)
            guard state == .extensions || byte == UInt8(ascii: ";") || byte == 0x20 || byte == 0x09 else {
                throw Self.malformed
            }
            if byte == UInt8(ascii: ";") { state = .extensions }
        case .sizeEnd:
            guard byte == lineFeed else { throw Self.malformed }
            extra = 0
            isTrailerEmpty = true
            state = left > 0 ? .data : .trailer
        case .dataReturn:
            guard byte == carriageReturn else { throw Self.malformed }
            state = .dataEnd
        case .dataEnd:
            guard byte == lineFeed else { throw Self.malformed }
            state = .size(digits: 0)
        case .trailer:
            if byte == carriageReturn { return state = isTrailerEmpty ? .lastEnd : .trailerEnd }
            try count(byte)
            isTrailerEmpty = false
        case .trailerEnd:
            guard byte == lineFeed else { throw Self.malformed }
            isTrailerEmpty = true
            state = .trailer
        case .lastEnd:
            guard byte == lineFeed else { throw Self.malformed }
            state = .over
        case .data, .over: break
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int) throws(HTTPError) {
        if let digit = Self.hexDigit(byte) {
            guard digits < 12 else { throw Self.malformed }
            left = left << 4 | digit
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw Self.malformed }
        state = .afterSize
        try take(byte)
    }

    /// Extensions and trailers are text, and not without end.
    private mutating func count(_ byte: UInt8) throws(HTTPError) {
        extra += 1
        guard extra <= Self.mostExtra, byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw Self.malformed }
    }

    private static var malformed: HTTPError { HTTPError(malformed: "the answer's chunks are malformed") }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}
