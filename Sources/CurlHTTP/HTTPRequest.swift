/// How long each part of an exchange may take. Nil means no limit.
public struct HTTPTimeouts: Sendable, Hashable {
    /// Name, connection and TLS handshake.
    public var connect: Duration
    /// Everything together; leave nil for a stream.
    public var total: Duration?
    /// Between two pieces of the answer, and from the request to its first piece.
    public var idle: Duration?

    /// Limits for the parts of an exchange.
    public init(connect: Duration = .seconds(10), total: Duration? = .seconds(30), idle: Duration? = .seconds(30)) {
        self.connect = connect
        self.total = total
        self.idle = idle
    }
}

/// Whom to trust and who to be. Verification cannot be switched off; the oldest version is TLS 1.2.
public struct TLSOptions: Sendable, Hashable {
    /// A PEM file of authorities in place of the system's.
    public var authorityFile: String?
    /// A PEM file with this client's certificate chain.
    public var certificateFile: String?
    /// A PEM file with the private key of that certificate.
    public var keyFile: String?

    /// The system's authorities unless told otherwise.
    public init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Which proxy to go through. Addresses of this machine and Unix sockets never go through one.
public enum ProxyPolicy: Sendable, Hashable {
    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, as curl(1) reads them.
    case environment
    /// None.
    case direct
}

/// One HTTP request.
public struct HTTPRequest: Sendable {
    /// Largest answer unless told otherwise, in bytes.
    public static let defaultMaxResponseBytes = 32 * 1024 * 1024

    /// An HTTP method, such as `POST`.
    public var method: String
    /// Where to.
    public var url: HTTPURL
    /// Header fields; `Host` and `Content-Length` are added.
    public var headers: [HTTPField]
    /// One more field, whose value stays in secret memory until it is sent.
    public var secretHeader: HTTPSecretField?
    /// The body; nil for none.
    public var body: [UInt8]?
    /// A body that is sent as it comes, in place of ``body``; for one request.
    public var upload: HTTPUpload?
    /// The request target, sent byte for byte in place of the path and query of ``url``. Begins with `/`.
    public var target: String?
    /// Deadlines.
    public var timeouts: HTTPTimeouts
    /// Largest body of an answer, in bytes.
    public var maxResponseBytes: Int
    /// Authorities and client certificate.
    public var tls: TLSOptions
    /// Proxy or none.
    public var proxy: ProxyPolicy
    /// Opens a connection of its own. libcurl sends a request again when a kept connection turns out to be dead;
    /// where even that is not wanted, this prevents it.
    public var usesFreshConnection = false
    /// False ends the connection with the exchange.
    public var keepsConnection = true

    /// A request; see the properties.
    public init(
        method: String = "GET", url: HTTPURL, headers: [HTTPField] = [], secretHeader: HTTPSecretField? = nil,
        body: [UInt8]? = nil, timeouts: HTTPTimeouts = HTTPTimeouts(),
        maxResponseBytes: Int = HTTPRequest.defaultMaxResponseBytes, tls: TLSOptions = TLSOptions(),
        proxy: ProxyPolicy = .environment
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.secretHeader = secretHeader
        self.body = body
        self.timeouts = timeouts
        self.maxResponseBytes = maxResponseBytes
        self.tls = tls
        self.proxy = proxy
    }

    /// Refuses what would end a line early or contradict what is added here.
    func validate() throws(HTTPError) {
        guard isToken(method), method.utf8.count <= 32 else {
            throw HTTPError(.invalidRequest, "the method is not a token")
        }
        for field in headers {
            guard isToken(field.name) else { throw HTTPError(.invalidRequest, "a header name is not a token") }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw HTTPError(.invalidRequest, "the value of header \(field.name) holds a control character")
            }
            for reserved in ["content-length", "transfer-encoding"] where equalsIgnoringCase(field.name, reserved) {
                throw HTTPError(.invalidRequest, "\(field.name) is set by the client")
            }
        }
        if let target, target.utf8.first != 0x2F || !target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw HTTPError(.invalidRequest, "the target is not an absolute path of visible ASCII")
        }
        if upload != nil, body != nil { throw HTTPError(.invalidRequest, "a request has one body") }
        if let secretHeader, !isToken(secretHeader.name) {
            throw HTTPError(.invalidRequest, "a header name is not a token")
        }
    }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Method and host only.
    public var description: String { "\(method) \(url)" }
    /// Method and host only.
    public var debugDescription: String { description }
    /// Method and host only.
    public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url.description]) }
}

/// Status and fields of an answer.
public struct HTTPResponseHead: Sendable, Equatable {
    /// The status code.
    public var status: Int
    /// All header fields in order; trailers are dropped.
    public var headers: [HTTPField]
    /// Whether the answer came in HTTP/1, where a body may end with the connection.
    public var isHTTP1 = true
}

/// A whole answer.
public struct HTTPResponse: Sendable, Equatable {
    /// Status and fields.
    public var head: HTTPResponseHead
    /// The body, without transfer coding.
    public var body: [UInt8]
    /// How many connections were opened for it: 0 when a kept one served.
    public var newConnections: Int
    /// The status code.
    public var status: Int { head.status }
    /// All header fields in order.
    public var headers: [HTTPField] { head.headers }
}

extension Duration {
    /// Milliseconds, rounded up, at least 1: to libcurl 0 means the default.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow, product < Int64(Int32.max) else { return Int(Int32.max) }
        return max(1, Int(product + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
