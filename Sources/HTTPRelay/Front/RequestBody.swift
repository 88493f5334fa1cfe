/// The pieces of a request's body in order. For one reader; what is not read holds the client back.
public struct RequestBody: AsyncSequence, Sendable {
    /// Bytes as they came, never empty.
    public typealias Element = [UInt8]
    /// Why the body does not come whole.
    public typealias Failure = RequestProblem

    private let exchange: RelayExchange

    init(exchange: RelayExchange) { self.exchange = exchange }

    /// The one reader.
    public func makeAsyncIterator() -> Iterator { Iterator(exchange: exchange) }

    /// Reads the pieces.
    public struct Iterator: AsyncIteratorProtocol {
        private let exchange: RelayExchange

        fileprivate init(exchange: RelayExchange) { self.exchange = exchange }

        /// The next piece; nil at the end of the body. The first call tells a client that asked to go on.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(RequestProblem)
            -> [UInt8]?
        {
            let exchange = exchange
            let result = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    exchange.onLoop { $0.await(piece: continuation) }
                }
            } onCancel: {
                exchange.onLoop { $0.endReading(.gone) }
            }
            return try result.get()
        }

        /// The next piece; nil at the end of the body.
        public mutating func next() async throws(RequestProblem) -> [UInt8]? { try await next(isolation: nil) }
    }
}
