import CurlHTTP
import NIOCore
import NIOHTTP1

/// One request and its answer. Everything mutable belongs to the connection's event loop, which is why `@unchecked`
/// holds.
final class RelayExchange: @unchecked Sendable {
    typealias PieceContinuation = CheckedContinuation<Result<[UInt8]?, RequestProblem>, Never>

    /// What a connection does for its exchange.
    protocol Line: AnyObject {
        func put(_ part: HTTPServerResponsePart, flush: Bool)
        var isWritable: Bool { get }
        /// The reader has room for more of the body.
        func wantMore()
        /// The answer is complete but for its end, which the line writes.
        func answered(by exchange: RelayExchange)
        func cut()
    }

    let loop: any EventLoop
    let isHead: Bool
    /// The client understands chunks.
    let takesChunks: Bool
    private weak var line: (any Line)?
    private let highWater: Int
    /// The client waits for permission to send the body.
    private var awaitsContinue: Bool

    private var pieces: [UInt8] = []
    private var bodyEnd: Result<Void, RequestProblem>?
    private var reader: PieceContinuation?
    private var room: CheckedContinuation<Bool, Never>?
    private(set) var isStarted = false
    private(set) var isFinished = false
    private var hasBody = true
    var task: Task<Void, Never>?

    /// When the body was first waited for, and when it last moved.
    private(set) var bodySince: NIODeadline?
    private(set) var lastMove = NIODeadline.now()
    /// The connection ends with this answer.
    var mustClose: Bool

    init(
        line: any Line, loop: any EventLoop, head: HTTPRequestHead, framing: RequestCheck.Framing, highWater: Int,
        mustClose: Bool
    ) {
        self.line = line
        self.loop = loop
        self.highWater = highWater
        self.mustClose = mustClose
        isHead = head.method == .HEAD
        takesChunks = head.version == .http1_1
        awaitsContinue = framing.expectsContinue
    }

    func onLoop(_ body: @escaping @Sendable (RelayExchange) -> Void) {
        if loop.inEventLoop { body(self) } else { loop.execute { body(self) } }
    }

    // MARK: The request's body

    var bodyIsOver: Bool { bodyEnd != nil }
    var bodyIsWaitedFor: Bool { reader != nil }
    var wantsMore: Bool { bodyEnd == nil && pieces.count < highWater && !awaitsContinue }

    func take(_ buffer: ByteBuffer) {
        guard bodyEnd == nil else { return }
        awaitsContinue = false
        lastMove = .now()
        if let reader {
            self.reader = nil
            reader.resume(returning: .success(Array(buffer.readableBytesView)))
        } else {
            pieces.append(contentsOf: buffer.readableBytesView)
        }
    }

    /// The body ends here, whole or not.
    func endBody(_ end: Result<Void, RequestProblem>) {
        guard bodyEnd == nil else { return }
        bodyEnd = end
        guard let reader else { return }
        self.reader = nil
        reader.resume(returning: end.map { nil })
    }

    /// Nobody reads any further.
    func endReading(_ problem: RequestProblem) {
        endBody(.failure(problem))
        pieces = []
    }

    func await(piece continuation: PieceContinuation) {
        if !pieces.isEmpty {
            let piece = pieces
            pieces = []
            continuation.resume(returning: .success(piece))
            line?.wantMore()
            return
        }
        if let bodyEnd { return continuation.resume(returning: bodyEnd.map { nil }) }
        precondition(reader == nil, "a body has one reader")
        reader = continuation
        lastMove = .now()
        if bodySince == nil { bodySince = lastMove }
        if awaitsContinue, !isStarted {
            awaitsContinue = false
            line?.put(.head(HTTPResponseHead(version: .http1_1, status: .continue)), flush: true)
        }
        line?.wantMore()
    }

    // MARK: The answer

    func start(status: Int, headers: [HTTPField], length: Int?) {
        guard !isStarted, let line else { return }
        isStarted = true
        lastMove = .now()
        let status = HTTPResponseStatus(statusCode: status)
        var fields = HTTPHeaders()
        fields.reserveCapacity(headers.count + 3)
        for field in HopByHop.strip(headers) { fields.add(name: field.name, value: field.value) }
        hasBody = !isHead && status.mayHaveResponseBody
        if !status.mayHaveResponseBody {
            // Neither length nor chunks (RFC 9110, section 8.6).
        } else if let length {
            fields.add(name: "content-length", value: String(length))
        } else if takesChunks, !isHead {
            fields.add(name: "transfer-encoding", value: "chunked")
        } else if !takesChunks {
            mustClose = true
        }
        // A body that the client never sent, or not yet: the next request could not be told from it.
        if awaitsContinue { mustClose = true }
        if mustClose { fields.add(name: "connection", value: "close") }
        line.put(.head(HTTPResponseHead(version: .http1_1, status: status, headers: fields)), flush: false)
    }

    func write(_ piece: [UInt8], room continuation: CheckedContinuation<Bool, Never>?) {
        guard isStarted, !isFinished, let line else {
            continuation?.resume(returning: false)
            return
        }
        if hasBody, !piece.isEmpty {
            lastMove = .now()
            line.put(.body(.byteBuffer(ByteBuffer(bytes: piece))), flush: false)
        }
        guard let continuation else { return }
        if line.isWritable { return continuation.resume(returning: true) }
        room = continuation
    }

    /// The client took something.
    func madeRoom() {
        lastMove = .now()
        guard let room else { return }
        self.room = nil
        room.resume(returning: true)
    }

    var waitsForRoom: Bool { room != nil }

    func finish() {
        guard isStarted, !isFinished, let line else { return }
        isFinished = true
        line.answered(by: self)
    }

    func cut() {
        guard !isFinished else { return }
        line?.cut()
    }

    // MARK: The end

    /// The connection is gone.
    func abandon() {
        line = nil
        endReading(.gone)
        task?.cancel()
        guard let room else { return }
        self.room = nil
        room.resume(returning: false)
    }
}
