/// Every bound of a front, in one place.
public struct RelayLimits: Sendable {
    /// Connections that one user may hold; on a loopback port all callers count as one.
    public var connectionsPerUser = 512
    /// Connections altogether.
    public var connections = 4096
    /// Connections that wait to be accepted; the kernel's somaxconn is a bound as well.
    public var backlog: Int32 = 1024
    /// Seconds that a connection may take to bring the next complete head. Bytes alone don't count: a client that sends
    /// one now and then would hold its connection for ever.
    public var idleSeconds: Int64 = 60
    /// Seconds without a byte of a body that is waited for, and without a byte taken of an answer.
    public var stallSeconds: Int64 = 60
    /// Seconds that a body may take altogether.
    public var bodySeconds: Int64 = 600
    /// Bytes of a request's target.
    public var targetBytes = 8 * 1024
    /// Bytes of a request's line and headers together.
    public var headBytes = 32 * 1024
    /// Headers of one request.
    public var headerCount = 100
    /// Bytes of a request's body.
    public var bodyBytes = 64 * 1024 * 1024
    /// Bytes of a body that wait for the reader before the client is held back.
    public var bodyHighWater = 256 * 1024
    /// Bytes of an answer that wait for the client before the writer is held back.
    public var answerHighWater = 256 * 1024
    /// Bytes of a refused body that are still read and thrown away, and the seconds for it, so that a client that sends
    /// before it reads learns why it was refused.
    public var wasteBytes = 1024 * 1024
    public var wasteSeconds: Int64 = 5

    /// The usual bounds.
    public init() {}
}
