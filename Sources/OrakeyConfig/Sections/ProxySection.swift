/// `proxy:`, the endpoint that puts the consumers' keys on their requests. Without the section there is none.
public struct ProxySection: Equatable, Sendable {
    /// Where requests go unless the file says otherwise.
    public static let defaultUpstream = "https://api.ora.io"

    /// The absolute path of the socket, if the file names one.
    public var socket: String?
    /// The loopback port, or `nil` for none; 0 takes a free one.
    public var port: UInt16?
    /// Where requests go: scheme, host and port alone.
    public var upstream: EndpointURL
    /// A PEM file of authorities for the upstream's certificate, in place of the system's.
    public var authorityFile: String?
    /// How long the upstream may be silent.
    public var idleTimeout: Duration

    /// Settings of the proxy.
    public init(
        socket: String? = nil, port: UInt16? = nil, upstream: EndpointURL, authorityFile: String? = nil,
        idleTimeout: Duration = .seconds(600)
    ) {
        self.socket = socket
        self.port = port
        self.upstream = upstream
        self.authorityFile = authorityFile
        self.idleTimeout = idleTimeout
    }
}
