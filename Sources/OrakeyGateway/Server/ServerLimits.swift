import NIOCore

/// Every bound of the gateway's sockets, in one place.
struct ServerLimits: Sendable {
    /// Connections at one time.
    var connections = 4096
    /// Connections that wait to be accepted; the kernel's somaxconn is a bound as well.
    let backlog: Int32 = 1024
    /// How long a connection may stay without a whole request.
    var idleTime = TimeAmount.seconds(60)
    /// Bytes of a request's line and headers together.
    let headBytes = 16 * 1024
    /// Headers of one request.
    let headerCount = 100
    /// Bytes of a body that nobody wants, read and thrown away so that the client sees its answer.
    let wasteBytes = 1024 * 1024
}
