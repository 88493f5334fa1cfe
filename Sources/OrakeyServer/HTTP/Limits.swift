/// Every bound of the sockets, in one place.
public struct ServerLimits: Sendable {
    /// Connections that one user may hold on one socket.
    public var connectionsPerUser = 512
    /// Descriptors that the connections of all users may take on one socket, as ``DescriptorLimit`` allows.
    public var descriptors = 4096
    /// Connections that wait to be accepted; the kernel's somaxconn is a bound as well.
    public var backlog: Int32 = 1024
    /// Seconds after which a connection without a complete request is closed. Bytes alone don't count: a client that
    /// sends one now and then would hold its connection for ever.
    public var idleSeconds: Int64 = 60
    /// Bytes of a request's line and headers together.
    public var headBytes = 16 * 1024
    /// Headers of one request.
    public var headerCount = 64
    /// Bytes of a request's body.
    public var bodyBytes = 64 * 1024
    /// Bytes of a body that is too large that are still read and thrown away, so that a client that sends before it
    /// reads learns why it was refused.
    public var wasteBytes = 1024 * 1024
    /// Seconds between two comments on an event stream.
    public var heartbeatSeconds: Int64 = 15
    /// The longest time that `?timeout=` may ask for, in seconds.
    public static let longestWait: Int64 = 24 * 3600

    public init() {}

    /// The same with another bound on descriptors.
    public func with(descriptors: Int) -> ServerLimits {
        var limits = self
        limits.descriptors = descriptors
        return limits
    }
}
