internal import Synchronization

/// The body of a request that is sent as it comes. What the server does not take holds the writer back.
///
/// libcurl can't rewind it: a request of which a part was sent is never sent again, whatever happens to its connection.
public final class HTTPUpload: Sendable {
    /// What waits to be sent before the writer waits, in bytes.
    static let highWater = 256 * 1024

    private struct State {
        var buffer: [UInt8]
        var sent = 0
        var isFinished: Bool
        /// The exchange is over; nobody takes anything any more.
        var isClosed = false
        /// libcurl found nothing to send and has to be told when there is.
        var isPaused = false
        var writer: CheckedContinuation<Bool, Never>?
        /// The exchange ends with the last reference to its answer: this must not be one.
        weak var control: StreamControl?
    }

    /// Bytes altogether; nil where that is not known, which means chunks in HTTP/1.1.
    public let length: Int?
    private let state: Mutex<State>

    /// A body whose pieces are written later. With a length, exactly that many bytes must be written.
    public init(length: Int?) {
        self.length = length
        state = Mutex(State(buffer: [], isFinished: false))
    }

    /// A body that is there already.
    public init(whole bytes: [UInt8]) {
        length = bytes.count
        state = Mutex(State(buffer: bytes, isFinished: true))
    }

    /// Adds a piece and waits until there is room for another. False once the exchange is over, which the answer
    /// explains.
    @discardableResult
    public func write(_ piece: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            let (result, control) = state.withLock { state -> (Bool?, StreamControl?) in
                guard !state.isClosed, !state.isFinished else { return (false, nil) }
                state.buffer += piece
                let control = state.isPaused ? state.control : nil
                state.isPaused = false
                guard state.buffer.count - state.sent >= Self.highWater else { return (true, control) }
                state.writer = continuation
                return (nil, control)
            }
            control?.resumeUpload()
            if let result { continuation.resume(returning: result) }
        }
    }

    /// The body ends here.
    public func finish() {
        let control = state.withLock { state in
            state.isFinished = true
            defer { state.isPaused = false }
            return state.isPaused ? state.control : nil
        }
        control?.resumeUpload()
    }

    /// The body can't be brought to its end: the exchange ends with ``HTTPError/Code/cancelled``, and the server sees a
    /// body cut short.
    public func fail() {
        let control = state.withLock { state in
            state.isFinished = true
            return state.control
        }
        control?.cancel()
    }

    // MARK: The client's side

    func attach(_ control: StreamControl) { state.withLock { $0.control = control } }

    enum Verdict { case bytes(Int), nothingYet }

    /// Fills `room` with what is there. 0 bytes are the end.
    func read(into room: UnsafeMutableRawBufferPointer) -> Verdict {
        let (verdict, writer) = state.withLock { state -> (Verdict, CheckedContinuation<Bool, Never>?) in
            let count = min(room.count, state.buffer.count - state.sent)
            guard count > 0 else {
                if state.isFinished { return (.bytes(0), nil) }
                state.isPaused = true
                return (.nothingYet, nil)
            }
            unsafe state.buffer.withUnsafeBytes { bytes in
                unsafe room.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[state.sent..<state.sent + count]))
            }
            state.sent += count
            if state.sent == state.buffer.count {
                state.buffer.removeAll(keepingCapacity: !state.isFinished)
                state.sent = 0
            }
            guard state.buffer.count - state.sent < Self.highWater else { return (.bytes(count), nil) }
            defer { state.writer = nil }
            return (.bytes(count), state.writer)
        }
        writer?.resume(returning: true)
        return verdict
    }

    /// The exchange is over.
    func close() {
        let writer = state.withLock { state in
            state.isClosed = true
            state.buffer = []
            state.sent = 0
            state.control = nil
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume(returning: false)
    }
}
