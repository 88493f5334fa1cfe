internal import Glibc

/// A blocking HTTP/1.1 client connection to a Unix socket (RFC 9112), one request at a time.
///
/// Everything received passes through one buffer that is wiped when the connection ends, and a body can be read into
/// memory of the caller's, so that a key or a passphrase needs no further copy.
@safe public struct UnixHTTPConnection: ~Copyable {
    /// Largest response head, in bytes.
    public static let maxHeadBytes = 32 * 1024
    /// Most informational (1xx) answers before the real one.
    static let maxInformational = 8

    private let socket: UnixSocket
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var start = 0
    private var end = 0
    private var decoder = BodyDecoder(.none)
    private var awaitingBody = false
    private var mustClose = false

    /// Connects to the socket at `path`.
    public init(path: String, deadline: Deadline) throws(UnixHTTPError) {
        socket = try UnixSocket(path: path, deadline: deadline)
        unsafe buffer = .allocate(capacity: Self.maxHeadBytes)
        unsafe buffer.initialize(repeating: 0)
    }

    deinit {
        if let bytes = unsafe buffer.baseAddress { unsafe explicit_bzero(bytes, buffer.count) }
        unsafe buffer.deallocate()
    }

    /// Whether another request can be sent on this connection.
    public var isReusable: Bool { !mustClose && !awaitingBody }

    /// Sends a request and reads the head of the answer; read the body next.
    ///
    /// - Parameters:
    ///   - method: an HTTP method, such as `GET`.
    ///   - target: path and query, beginning with `/`, percent-encoded by the caller.
    ///   - headers: further fields; `Host` and `Content-Length` are added here.
    ///   - body: written from where it lies, without a copy; nil for none.
    public mutating func send(
        method: String, target: String, headers: [(name: String, value: String)] = [],
        body: UnsafeRawBufferPointer? = nil, deadline: Deadline
    ) throws(UnixHTTPError) -> ResponseHead {
        guard isReusable else {
            throw UnixHTTPError(.invalidRequest, "the connection cannot take another request")
        }
        let head = try RequestHead.bytes(
            method: method, target: target, headers: headers, contentLength: unsafe body?.count)
        // What fails from here on leaves the connection in no known state.
        mustClose = true
        var open = try Self.write(head, to: socket, deadline: deadline)
        if open, let body = unsafe body { open = try unsafe socket.write(body, deadline: deadline) }
        // A server may refuse early and close: its answer explains more than "broken pipe".
        let answer = try receiveHead(deadline: deadline)
        let framing = try BodyFraming(method: method, head: answer)
        decoder = BodyDecoder(framing)
        awaitingBody = !decoder.isComplete
        mustClose =
            !open || answer.isVersion10 || framing == .untilClose
            || answer.values("connection").contains { equalsIgnoringCase($0, "close") }
        return answer
    }

    /// Reads a piece of the body into the caller's memory; 0 at the end of the body.
    public mutating func readBody(
        into target: UnsafeMutableRawBufferPointer, deadline: Deadline
    ) throws(UnixHTTPError) -> Int {
        guard unsafe !target.isEmpty else { return 0 }
        while let range = try nextPayload(deadline: deadline) {
            let count = min(range.count, target.count)
            guard count > 0 else { continue }
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(buffer)[range.lowerBound..<range.lowerBound + count]))
            pending = range.lowerBound + count..<range.upperBound
            return count
        }
        return 0
    }

    /// The whole body, refused beyond `limit` bytes.
    public mutating func readBody(limit: Int, deadline: Deadline) throws(UnixHTTPError) -> [UInt8] {
        var body: [UInt8] = []
        while let range = try nextPayload(deadline: deadline) {
            guard body.count + range.count <= limit else {
                mustClose = true
                throw UnixHTTPError(.tooLarge, "the answer is larger than \(limit) bytes")
            }
            unsafe body.append(contentsOf: buffer[range])
        }
        return body
    }

    /// Payload that was decoded and not yet handed out: a piece of `buffer` before `start`.
    private var pending: Range<Int> = 0..<0

    /// The next payload bytes in `buffer`, valid until the next call; nil at the end of the body.
    mutating func nextPayload(deadline: Deadline) throws(UnixHTTPError) -> Range<Int>? {
        if !pending.isEmpty {
            defer { pending = 0..<0 }
            return pending
        }
        while true {
            let step: BodyDecoder.Step
            do throws(UnixHTTPError) {
                step = try unsafe decoder.step(buffer.span, from: &start, limit: end)
            } catch {
                mustClose = true
                throw error
            }
            switch step {
            case .payload(let range): return range
            case .end:
                awaitingBody = false
                return nil
            case .needInput:
                start = 0
                end = 0
                guard try fill(deadline: deadline) else {
                    mustClose = true
                    guard decoder.endsWithConnection else {
                        throw UnixHTTPError(.closed, "the server closed the connection in the middle of its answer")
                    }
                    awaitingBody = false
                    return nil
                }
            }
        }
    }

    /// Gives back what the caller did not use of a payload; the next call of ``nextPayload(deadline:)`` returns it.
    mutating func keep(_ rest: Range<Int>) { pending = rest }

    func byte(at index: Int) -> UInt8 { unsafe buffer[index] }

    /// Overwrites payload that was taken: a stream may stay open for days, and its events hold keys.
    func wipe(_ range: Range<Int>) {
        guard let start = unsafe buffer.baseAddress else { return }
        unsafe explicit_bzero(start + range.lowerBound, range.count)
    }

    func withPayload<T>(_ range: Range<Int>, _ use: (Span<UInt8>) -> T) -> T {
        unsafe use(UnsafeMutableBufferPointer(rebasing: buffer[range]).span)
    }

    private mutating func receiveHead(deadline: Deadline) throws(UnixHTTPError) -> ResponseHead {
        for _ in 0...Self.maxInformational {
            var searched = 0
            var count: Int?
            compact()
            while true {
                count = try unsafe HeadParser.end(
                    of: UnsafeMutableBufferPointer(rebasing: buffer[..<end]).span, searched: &searched)
                if count != nil { break }
                guard end < Self.maxHeadBytes else {
                    throw UnixHTTPError(.tooLarge, "the answer's head is larger than \(Self.maxHeadBytes) bytes")
                }
                guard try fill(deadline: deadline) else {
                    throw UnixHTTPError(.closed, "the server closed the connection without an answer")
                }
            }
            guard let count else { break }
            let head = try unsafe HeadParser.parse(buffer.span, count: count)
            start = count
            if head.status >= 200 { return head }
            guard head.status != 101 else {
                throw UnixHTTPError(.malformedResponse, "the server switched protocols unasked")
            }
        }
        throw UnixHTTPError(.malformedResponse, "the server sends one interim answer after the other")
    }

    private mutating func compact() {
        guard start > 0 else { return }
        let raw = unsafe UnsafeMutableRawBufferPointer(buffer)
        unsafe raw.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[start..<end]))
        end -= start
        start = 0
    }

    private mutating func fill(deadline: Deadline) throws(UnixHTTPError) -> Bool {
        do throws(UnixHTTPError) {
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[end...])
            let count = try unsafe socket.read(into: free, deadline: deadline)
            end += count
            return count > 0
        } catch {
            mustClose = true
            throw error
        }
    }

    private static func write(
        _ bytes: [UInt8], to socket: borrowing UnixSocket, deadline: Deadline
    ) throws(UnixHTTPError) -> Bool {
        let span = bytes.span
        return try unsafe span.withUnsafeBytes { (raw) throws(UnixHTTPError) in
            try unsafe socket.write(raw, deadline: deadline)
        }
    }
}
