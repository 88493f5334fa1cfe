/// One exchange with an endpoint: JSON out, JSON back.
public struct RPCTransportRequest: Sendable {
    /// A JSON-RPC request or batch.
    public var body: [UInt8]
    /// Whether the transport may repeat it on its own, as HTTP clients do when a kept connection turns out to be dead.
    public var isRepeatable: Bool

    /// A request with this body.
    public init(body: [UInt8], isRepeatable: Bool) {
        self.body = body
        self.isRepeatable = isRepeatable
    }
}

/// What came back.
public struct RPCTransportAnswer: Sendable {
    /// HTTP status; 200 where the transport has none.
    public var status: Int
    /// The body, within the transport's limit.
    public var body: [UInt8]
    /// `Retry-After`, where the endpoint sent one.
    public var retryAfter: Duration?
    /// Whether a connection was opened for it: the endpoint behind it may be another one than before.
    public var openedConnection: Bool

    /// An answer with these parts.
    public init(status: Int = 200, body: [UInt8], retryAfter: Duration? = nil, openedConnection: Bool = false) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
        self.openedConnection = openedConnection
    }
}

/// The way to one endpoint. Tests put a scripted one in its place.
public protocol RPCTransport: Sendable {
    /// Sends one body. Throws ``RPCError/Kind/transport(_:)``, ``RPCError/Kind/timeout(_:)``,
    /// ``RPCError/Kind/invalidAnswer(_:)`` or ``RPCError/Kind/cancelled``, with ``RPCError/mayHaveTakenEffect``
    /// telling whether the endpoint may have seen the request.
    func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer
}
