public import CurlHTTP

/// Writes the answer to one request: ``start(status:headers:length:)``, ``write(_:)``, ``finish()``; or
/// ``send(_:)``, which is all three.
public struct AnswerWriter: Sendable {
    private let exchange: RelayExchange

    init(exchange: RelayExchange) { self.exchange = exchange }

    /// Writes status and fields. Fields of the connection are stripped.
    ///
    /// - Parameter length: bytes of the body where they are known; otherwise the body is sent in chunks.
    public func start(status: Int, headers: [HTTPField], length: Int? = nil) {
        exchange.onLoop { $0.start(status: status, headers: headers, length: length) }
    }

    /// Writes a piece of the body and waits until the client has room for another. Throws
    /// ``RequestProblem/gone`` when nobody will take it.
    public func write(_ piece: [UInt8]) async throws(RequestProblem) {
        guard !piece.isEmpty else { return }
        let isTaken = await withCheckedContinuation { continuation in
            exchange.onLoop { $0.write(piece, room: continuation) }
        }
        guard isTaken else { throw .gone }
    }

    /// Ends the answer.
    public func finish() { exchange.onLoop { $0.finish() } }

    /// Ends the connection without ending the answer, so that the client knows that something is missing.
    public func cut() { exchange.onLoop { $0.cut() } }

    /// A whole answer at once. Where another was begun it is too late for this one, and the connection is cut.
    public func send(_ answer: RelayAnswer) {
        exchange.onLoop {
            guard !$0.isStarted else { return $0.cut() }
            $0.start(status: answer.status, headers: answer.headers, length: answer.body.count)
            $0.write(answer.body, room: nil)
            $0.finish()
        }
    }
}
