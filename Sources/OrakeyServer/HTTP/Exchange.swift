import EthereumWallet
import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyCore
import StrictJSON

/// A request as a route sees it, already checked and bounded.
struct Exchange: Sendable {
    let method: HTTPMethod
    let path: String
    let query: [String: String]
    let headers: HTTPHeaders
    let body: ByteBuffer
    let peer: Peer
    let allocator: ByteBufferAllocator
}

/// A route's answer.
enum Answer: Sendable {
    /// `allow` is the Allow header of a 405 (RFC 9110, section 15.5.6), `retryAfter` the seconds of a 429 (10.2.3).
    case json(HTTPResponseStatus, JSON, allow: String? = nil, retryAfter: Int? = nil)
    /// Bytes ready to be written, of the given type. May hold a key: never logged.
    case bytes(HTTPResponseStatus, contentType: String, ByteBuffer)
    /// An event stream; the closure gets a writer and returns what to call when the connection ends.
    case stream(@Sendable (EventWriter) -> @Sendable () -> Void)

    static func failure(_ error: ErrorBody, status: Int? = nil) -> Answer {
        .json(HTTPResponseStatus(statusCode: status ?? error.code?.status ?? 500), error.json)
    }

    static func failure(_ refusal: Refusal) -> Answer {
        .json(
            HTTPResponseStatus(statusCode: refusal.body.code?.status ?? 500), refusal.body.json, allow: refusal.allow,
            retryAfter: refusal.retryAfter)
    }
}

/// A route that refuses throws this.
struct Refusal: Error {
    let body: ErrorBody
    /// The methods that the path does take.
    let allow: String?
    /// Seconds after which it is worth asking again.
    let retryAfter: Int?

    init(
        _ code: ErrorCode, _ message: String, hint: String? = nil, allow: String? = nil, retryAfter: Int? = nil
    ) {
        body = ErrorBody(code, message, hint: hint)
        self.allow = allow
        self.retryAfter = retryAfter
    }

    init(_ error: AgentError) {
        body = Wire.error(error)
        allow = nil
        retryAfter = error.retryAfter.map { Int($0) }
    }
}

/// What a socket offers.
protocol Router: Sendable {
    /// Answers at once, on the event loop; nil when the request needs ``answer(_:)``.
    func answerAtOnce(_ exchange: Exchange) -> Answer?
    func answer(_ exchange: Exchange) async throws -> Answer
    /// Whether the peer may use the socket at all.
    func admits(_ peer: Peer) -> Bool
    var peerNeeds: PeerNeeds { get }
    /// The service is about to end: what waits for the chain answers now.
    func stop()
}

extension Router {
    func stop() {}
}

extension Exchange {
    /// The body as JSON; an empty body is an empty object.
    func json() throws -> JSON {
        if body.readableBytes == 0 { return .object([:]) }
        do {
            return try JSON.parse(body.readableBytesView)
        } catch {
            throw Refusal(.badRequest, "the body is not JSON as documented: \(error)")
        }
    }

    /// Refuses query parameters that the route does not know.
    func allowQuery(_ names: String...) throws { try allowQuery(names) }

    /// Refuses query parameters that the route does not know.
    func allowQuery(_ names: [String]) throws {
        for name in query.keys where !names.contains(name) {
            let known = names.isEmpty ? "this call takes none" : "known: \(names.joined(separator: ", "))"
            throw Refusal(.badRequest, "unknown query parameter", hint: known)
        }
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = query[name] else { return nil }
        guard let number = Int64(text), range.contains(number), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else {
            throw Refusal(.badRequest, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// Writes server-sent events to one connection.
final class EventWriter: Sendable {
    private let channel: any Channel

    init(channel: any Channel) { self.channel = channel }

    /// One event. `data` must be a single line.
    func send(_ event: String, data: ByteBuffer) {
        let buffer = {
            var buffer = channel.allocator.buffer(capacity: data.readableBytes + event.utf8.count + 16)
            buffer.writeString("event: \(event)\ndata: ")
            buffer.writeImmutableBuffer(data)
            buffer.writeString("\n\n")
            return buffer
        }()
        // The event may be a key.
        write(buffer).whenComplete { _ in buffer.wipe() }
    }

    func comment() {
        var buffer = channel.allocator.buffer(capacity: 8)
        buffer.writeString(": \n\n")
        write(buffer)
    }

    /// Ends the stream and its connection.
    func end() { channel.close(promise: nil) }

    @discardableResult private func write(_ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        // A reader that does not read is cut off rather than buffered for.
        guard channel.isWritable else { return channel.close() }
        return channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)))
    }
}
