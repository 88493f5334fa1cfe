import CurlHTTP
import NIOCore
import NIOHTTP1

/// The answers of the short way on their way to the caller, each in as few writes as it comes in.
final class PlainOutput {
    /// Up to this size a piece goes out with what was written before it, beyond it on its own.
    private static let copiedBytes = 16 * 1024
    /// What the buffer may hold on to.
    private static let usualBytes = 64 * 1024
    private static let smallBuffer = 2048

    private let socket: BareSocket
    private var buffer = ByteBufferAllocator().buffer(capacity: PlainOutput.smallBuffer)
    private var isChunked = false
    /// Something of the answer to the present request may be out.
    private(set) var isStarted = false

    init(to socket: BareSocket) { self.socket = socket }

    /// Nothing of the next answer was written.
    func reset() { isStarted = false }

    /// The head of an upstream's answer, with the fields that the exchange adds to it.
    func start(_ answer: PlainAnswer, _ exchange: any PlainExchange, isLast: Bool) {
        writeStatus(answer.status)
        answer.writeKept(to: &buffer)
        isChunked = false
        switch answer.framing {
        case .none: break
        // A stream may get an event more than the upstream announced.
        case .length(let length) where !answer.isEventStream:
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        case .length, .chunks, .connection:
            buffer.writeStaticString("transfer-encoding: chunked\r\n")
            isChunked = true
        }
        exchange.writeAnswerFields(to: &buffer)
        endHead(isLast: isLast)
    }

    /// An answer of our own.
    func write(_ answer: RelayAnswer, isLast: Bool) {
        isChunked = false
        writeStatus(answer.status)
        for field in HopByHop.strip(answer.headers) { buffer.writeString("\(field.name): \(field.value)\r\n") }
        buffer.writeString("content-length: \(answer.body.count)\r\n")
        endHead(isLast: isLast)
        buffer.writeBytes(answer.body)
    }

    private func writeStatus(_ status: Int) {
        isStarted = true
        if status == 200 {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status))
        buffer.writeStaticString(" ")
        buffer.writeString(HTTPResponseStatus(statusCode: status).reasonPhrase)
        buffer.writeStaticString("\r\n")
    }

    private func endHead(isLast: Bool) {
        if isLast { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeStaticString("\r\n")
    }

    /// A piece of the body; an empty one is none.
    func write(_ piece: ByteBuffer) {
        guard piece.readableBytes > 0 else { return }
        if isChunked {
            buffer.writeString(String(piece.readableBytes, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        if piece.readableBytes <= Self.copiedBytes {
            buffer.writeImmutableBuffer(piece)
        } else {
            socket.queue(buffer)
            buffer.clear()
            socket.queue(piece)
        }
        if isChunked { buffer.writeStaticString("\r\n") }
    }

    /// The end of the body.
    func end() {
        if isChunked { buffer.writeStaticString("0\r\n\r\n") }
    }

    /// Sends what was written.
    func flush() {
        socket.send(buffer)
        // Most often all of it is out by now, and its memory serves again.
        if buffer.capacity > Self.usualBytes {
            buffer = ByteBufferAllocator().buffer(capacity: Self.smallBuffer)
        } else {
            buffer.clear()
        }
    }
}
