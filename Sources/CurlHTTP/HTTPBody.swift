internal import Synchronization

/// An answer whose body is still coming.
public struct HTTPStreamResponse: Sendable {
    /// Status and fields.
    public let head: HTTPResponseHead
    /// The body.
    public let body: HTTPBody
    /// The status code.
    public var status: Int { head.status }
    /// All header fields in order.
    public var headers: [HTTPField] { head.headers }
}

/// The pieces of a body in order. For one reader; what is not read holds the server back.
public struct HTTPBody: AsyncSequence, Sendable {
    /// Bytes as they came, never empty.
    public typealias Element = [UInt8]
    /// A body cut short throws ``HTTPError/Code/closed``.
    public typealias Failure = HTTPError

    private let channel: BodyChannel
    private let control: StreamControl

    init(channel: BodyChannel, control: StreamControl) {
        self.channel = channel
        self.control = control
    }

    /// The one reader.
    public func makeAsyncIterator() -> Iterator { Iterator(channel: channel, control: control) }

    /// Reads the pieces.
    public struct Iterator: AsyncIteratorProtocol {
        private let channel: BodyChannel
        private let control: StreamControl

        fileprivate init(channel: BodyChannel, control: StreamControl) {
            self.channel = channel
            self.control = control
        }

        /// The next piece; nil at the end of the body.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(HTTPError)
            -> [UInt8]?
        {
            let (channel, control) = (channel, control)
            let result = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if channel.awaitPiece(continuation) { control.resume() }
                }
            } onCancel: {
                control.cancel()
            }
            guard let piece = try result.get() else {
                control.end()
                return nil
            }
            return piece
        }

        /// The next piece; nil at the end of the body.
        public mutating func next() async throws(HTTPError) -> [UInt8]? {
            try await next(isolation: nil)
        }
    }

    /// The rest of the body at once.
    public func collect() async throws(HTTPError) -> [UInt8] {
        var whole: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let piece = try await iterator.next() { whole += piece }
        return whole
    }
}

/// Between the loop's thread, which fills it, and one reader. Full, it pauses the transfer.
final class BodyChannel: TransferReceiver {
    /// What waits for the reader before the transfer pauses, in bytes.
    static let highWater = 256 * 1024

    private struct State {
        var head: CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>?
        var reader: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?
        var buffer: [UInt8] = []
        var isPaused = false
        var end: Result<Int, HTTPError>?
    }

    private let state = Mutex(State())

    func awaitHead(_ continuation: CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>) {
        state.withLock { $0.head = continuation }
    }

    /// True when the transfer was paused and is to go on.
    func awaitPiece(_ continuation: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>) -> Bool {
        let (result, resume) = state.withLock { state -> (Result<[UInt8]?, HTTPError>?, Bool) in
            if !state.buffer.isEmpty {
                let piece = state.buffer
                state.buffer = []
                defer { state.isPaused = false }
                return (.success(piece), state.isPaused)
            }
            if let end = state.end { return (end.map { _ in nil }, false) }
            precondition(state.reader == nil, "a body has one reader")
            state.reader = continuation
            return (nil, false)
        }
        if let result { continuation.resume(returning: result) }
        return resume
    }

    func receive(_ head: HTTPResponseHead) {
        let continuation = state.withLock { state in
            defer { state.head = nil }
            return state.head
        }
        continuation?.resume(returning: .success(head))
    }

    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard unsafe !piece.isEmpty else { return true }
        let (reader, taken) = state.withLock {
            state -> (CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?, Bool) in
            guard state.buffer.count < Self.highWater else {
                state.isPaused = true
                return (nil, false)
            }
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            unsafe state.buffer.append(contentsOf: piece)
            return (nil, true)
        }
        if let reader { unsafe reader.resume(returning: .success(Array(piece))) }
        return taken
    }

    func finish(_ result: Result<Int, HTTPError>) {
        let (head, reader) = state.withLock { state in
            state.end = result
            defer {
                state.head = nil
                state.reader = nil
            }
            return (state.head, state.reader)
        }
        if let head {
            switch result {
            case .success:
                head.resume(returning: .failure(HTTPError(.malformedResponse, "no answer", mayHaveBeenSent: true)))
            case .failure(let error): head.resume(returning: .failure(error))
            }
        }
        reader?.resume(returning: result.map { _ in nil })
    }
}
