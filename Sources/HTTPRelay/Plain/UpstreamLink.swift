import CurlHTTP
import Glibc
import NIOCore

/// Who uses a connection to the upstream for one exchange.
protocol UpstreamUser: AnyObject {
    /// The head of the answer. The user may let go of the link.
    func receive(_ answer: PlainAnswer)
    /// A piece of the body, never empty.
    func receive(_ piece: ByteBuffer)
    /// What was there to read was read.
    func readIsOver()
    /// The answer is whole, and the link no longer the user's.
    func answerIsOver(withConnection: Bool)
    /// The link has failed and is no longer the user's.
    func linkFailed(_ error: HTTPError)
    /// The same where the connection ended, or was none any more, with nothing seen of an answer.
    func linkEndedSilently(_ error: HTTPError)
}

/// One connection to the upstream: one exchange at a time, and kept for the next only after an answer that was whole.
final class UpstreamLink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Between two exchanges, when the server has nothing to say.
        case idle
        case head
        case length(Int)
        case chunks
        case connection
        case closed
    }

    /// What a buffer for requests may hold on to.
    private static let usualBytes = 64 * 1024

    private let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var socket: BareSocket?
    /// For the time of an exchange. Not weak: that makes each use of the user slow, by whomever.
    private var user: (any UpstreamUser)?
    private var rules: FieldRules?
    private var state = State.idle
    private var reader = PlainAnswerReader()
    /// The beginning of a head.
    private var held: ByteBuffer?
    private var heldBytes = 0
    /// Nothing has come of the answer that is waited for.
    private var isSilent: Bool { if case .head = state { held == nil && heldBytes == 0 } else { false } }
    private var chunks = ChunkReader()
    private var isReusable = true
    private var request: ByteBuffer
    private var requestIsOut = true
    private var isPaused = false

    init(pool: UpstreamPool) {
        self.pool = pool
        request = ByteBufferAllocator().buffer(capacity: 4096)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        socket = BareSocket(below: context.channel)
    }

    // MARK: Sending

    func send(_ request: PlainRequest, _ exchange: any PlainExchange, rules: FieldRules, for user: any UpstreamUser) {
        guard let socket else {
            return user.linkEndedSilently(failure("the connection is gone", mayHaveBeenSent: false))
        }
        self.user = user
        self.rules = rules
        state = .head
        held = nil
        heldBytes = 0
        reader = PlainAnswerReader()
        isReusable = true
        requestIsOut = false
        self.request.clear()
        // Room for all of it at once: a buffer that grows would leave a copy of the secret behind.
        self.request.reserveCapacity(
            request.bytes.readableBytes + exchange.requestFieldBytes + pool.upstream.authority.utf8.count + 128)
        request.writeStart(to: &self.request, host: pool.upstream.authority)
        let start = self.request.writerIndex
        exchange.writeRequestFields(to: &self.request)
        let secret = start..<self.request.writerIndex
        self.request.writeStaticString("\r\n")
        request.writeBody(to: &self.request)
        if socket.send(self.request, whenOut: { [self] in wipe(secret) }) { wipe(secret) }
    }

    /// Overwrites the secret where it was sent from. The channel may still hold a reference to the buffer, and writing to
    /// it by way of a `ByteBuffer` would change a copy; nobody reads these bytes any more.
    private func wipe(_ secret: Range<Int>) {
        requestIsOut = true
        unsafe request.withVeryUnsafeBytes { bytes in
            guard secret.upperBound <= bytes.count, let base = bytes.baseAddress else { return }
            unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: base + secret.lowerBound), secret.count)
        }
        if request.capacity > Self.usualBytes { request = ByteBufferAllocator().buffer(capacity: 4096) }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        // Nobody asked, so nobody may take it for an answer.
        guard user != nil else { return close() }
        if var whole = held {
            held = nil
            whole.writeBuffer(&bytes)
            bytes = whole
        }
        do throws(HTTPError) {
            try advance(&bytes)
        } catch {
            fail(HTTPError(error.code, "\(pool.upstream.base): \(error.reason)", mayHaveBeenSent: true))
        }
    }

    private func advance(_ bytes: inout ByteBuffer) throws(HTTPError) {
        while true {
            switch state {
            case .idle, .closed: return
            case .head:
                guard try takeHead(&bytes) else { return }
            case .length(0): return complete(rest: bytes)
            case .length(let left):
                guard let piece = bytes.readSlice(length: min(left, bytes.readableBytes)), piece.readableBytes > 0
                else { return }
                state = .length(left - piece.readableBytes)
                user?.receive(piece)
            case .chunks:
                switch try chunks.next(&bytes) {
                case .data(let piece): user?.receive(piece)
                case .needsMore: return
                case .end: return complete(rest: bytes)
                }
            case .connection:
                if bytes.readableBytes > 0 { user?.receive(bytes) }
                return
            }
        }
    }

    /// False when more has to come first.
    private func takeHead(_ bytes: inout ByteBuffer) throws(HTTPError) -> Bool {
        guard let rules else { return false }
        guard let answer = try reader.read(bytes, rules: rules) else {
            guard heldBytes + bytes.readableBytes <= PlainAnswer.mostHeadBytes else { throw Self.tooLarge }
            held = bytes
            return false
        }
        reader = PlainAnswerReader()
        heldBytes += answer.headBytes
        guard heldBytes <= PlainAnswer.mostHeadBytes else { throw Self.tooLarge }
        bytes.moveReaderIndex(forwardBy: answer.headBytes)
        // What comes before the answer stays here; nobody asked for another protocol.
        if answer.status < 200, answer.status != 101 { return true }
        guard (200...599).contains(answer.status) else {
            throw HTTPError(malformed: "the answer has the status \(answer.status)")
        }
        isReusable = answer.isReusable
        switch answer.framing {
        case .none: state = .length(0)
        case .length(let length): state = .length(length)
        case .chunks:
            chunks = ChunkReader()
            state = .chunks
        case .connection: state = .connection
        }
        user?.receive(answer)
        return true
    }

    private static var tooLarge: HTTPError {
        HTTPError(
            .tooLarge, "the answer's head is larger than \(PlainAnswer.mostHeadBytes) bytes", mayHaveBeenSent: true)
    }

    func channelReadComplete(context: ChannelHandlerContext) { user?.readIsOver() }

    /// Holds the server back, or lets it go on.
    func setPaused(_ isPaused: Bool) {
        guard self.isPaused != isPaused else { return }
        self.isPaused = isPaused
        try? context?.channel.syncOptions?.setOption(.autoRead, value: !isPaused)
    }

    // MARK: The end

    /// Bytes beyond the answer, or an answer to a request that is not all out, leave nothing that a next exchange could
    /// rely on.
    private func complete(rest: ByteBuffer) {
        let user = user
        self.user = nil
        if isReusable, rest.readableBytes == 0, requestIsOut {
            state = .idle
            setPaused(false)
            pool.keep(self)
        } else {
            close()
        }
        user?.answerIsOver(withConnection: false)
    }

    private func fail(_ error: HTTPError) {
        let user = user
        self.user = nil
        close()
        user?.linkFailed(error)
    }

    /// Ends the exchange, and with it the connection: what is still to come of the answer belongs to nobody.
    func abandon() {
        user = nil
        close()
    }

    func close() {
        if case .closed = state { return }
        state = .closed
        context?.close(promise: nil)
    }

    /// Whether the next exchange can't take anything for its answer that came before it.
    var isQuiet: Bool {
        guard case .idle = state, let socket else { return false }
        return socket.isQuiet
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasOver = if case .connection = state { true } else { false }
        let wasSilent = isSilent
        pool.forget(self)
        state = .closed
        self.context = nil
        socket = nil
        let user = user
        self.user = nil
        let error = failure("the connection ended before the answer did", mayHaveBeenSent: true)
        if wasOver {
            user?.answerIsOver(withConnection: true)
        } else if wasSilent {
            user?.linkEndedSilently(error)
        } else {
            user?.linkFailed(error)
        }
        context.fireChannelInactive()
    }

    private func failure(_ reason: String, mayHaveBeenSent: Bool) -> HTTPError {
        HTTPError(.closed, "\(pool.upstream.base): \(reason)", mayHaveBeenSent: mayHaveBeenSent)
    }

    /// A body that ends with its connection does not end with a reset.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let error = failure("the connection broke off", mayHaveBeenSent: true)
        guard isSilent else { return fail(error) }
        let user = user
        self.user = nil
        close()
        user?.linkEndedSilently(error)
    }
}
