internal import Synchronization

/// Limits of one client.
public struct HTTPClientOptions: Sendable {
    /// Most connections to one host and port; further requests wait.
    public var maxConnectionsPerHost = 16
    /// Most connections altogether.
    public var maxConnections = 128
    /// Connections kept open between requests.
    public var maxIdleConnections = 32

    /// The usual limits.
    public init() {}
}

/// An HTTP/1.1 and HTTP/2 client on libcurl.
///
/// One thread drives all transfers; awaiting tasks hold no thread. Redirects are never followed, TLS is at least 1.2
/// and always verified, other schemes than http and https do not exist. Cancelling the task ends the transfer.
public final class HTTPClient: Sendable {
    private let loop: CurlLoop

    /// Starts the client's thread.
    public init(options: HTTPClientOptions = HTTPClientOptions()) throws(HTTPError) {
        loop = try CurlLoop(options: options)
    }

    deinit { loop.stop() }

    /// Sends a request and collects the whole answer.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let receiver = WholeReceiver()
        let transfer = Transfer(request: request, receiver: receiver)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                receiver.await(continuation)
                submit(transfer)
            }
        } onCancel: {
            loop.post(.cancel(transfer))
        }
        return try result.get()
    }

    /// Sends a request and returns at the head of the answer; the body follows as it comes.
    ///
    /// A body that is not read to its end ends its transfer when it is let go.
    public func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStreamResponse {
        let channel = BodyChannel()
        let transfer = Transfer(request: request, receiver: channel)
        let control = StreamControl(client: self, transfer: transfer)
        request.upload?.attach(control)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.awaitHead(continuation)
                submit(transfer)
            }
        } onCancel: {
            loop.post(.cancel(transfer))
        }
        return HTTPStreamResponse(head: try result.get(), body: HTTPBody(channel: channel, control: control))
    }

    /// Ends everything under way with ``HTTPError/Code/shutDown`` and returns once the thread has let go of all
    /// connections.
    public func shutdown() async {
        loop.stop()
        await loop.stopped()
    }

    private func submit(_ transfer: Transfer) {
        if !loop.post(.start(transfer)) {
            transfer.receiver.finish(.failure(HTTPError(.shutDown, "the client was shut down")))
        }
    }

    fileprivate func post(_ command: CurlLoop.Command) { loop.post(command) }
}

/// Ends a stream's transfer with the last reference to its body.
final class StreamControl: Sendable {
    private let client: HTTPClient
    private let transfer: Transfer
    private let isOver = Atomic(false)

    init(client: HTTPClient, transfer: Transfer) {
        self.client = client
        self.transfer = transfer
    }

    /// The reader has seen the end: there is nothing left to cancel, and the loop need not be woken for it.
    func end() { isOver.store(true, ordering: .relaxed) }

    func resume() { client.post(.resume(transfer)) }
    func resumeUpload() { client.post(.resumeUpload(transfer)) }
    func cancel() { client.post(.cancel(transfer)) }

    deinit { if !isOver.load(ordering: .relaxed) { cancel() } }
}

/// Collects a whole answer.
private final class WholeReceiver: TransferReceiver {
    private struct State {
        var head = HTTPResponseHead(status: 0, headers: [])
        var body: [UInt8] = []
        var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?
    }

    private let state = Mutex(State())

    func await(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    func receive(_ head: HTTPResponseHead) { state.withLock { $0.head = head } }

    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        state.withLock { unsafe $0.body.append(contentsOf: piece) }
        return true
    }

    func finish(_ result: Result<Int, HTTPError>) {
        let (continuation, response) = state.withLock { state in
            let response = HTTPResponse(head: state.head, body: state.body, newConnections: 0)
            state.body = []
            defer { state.continuation = nil }
            return (state.continuation, response)
        }
        continuation?.resume(
            returning: result.map { connections in
                var response = response
                response.newConnections = connections
                return response
            })
    }
}
