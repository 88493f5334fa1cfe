public import CurlHTTP

/// The one server that requests are relayed to.
///
/// Connections are kept, unless told otherwise, and, with HTTP/2, shared. Streams have no total time limit, but may not fall silent for longer
/// than the idle limit. Nothing is ever sent twice.
public struct Upstream: Sendable {
    /// Largest body of an answer, in bytes. It is passed on in pieces, so this is no matter of memory.
    public static let longestAnswer = 4 * 1024 * 1024 * 1024

    /// Scheme, host and port.
    public let base: HTTPURL
    private let client: HTTPClient
    private let timeouts: HTTPTimeouts
    private let tls: TLSOptions
    private let keepsConnections: Bool

    /// - Parameters:
    ///   - base: scheme, host and port; its path and query are not used.
    ///   - idle: how long the server may be silent, the time before its first byte included.
    ///   - keepsConnections: false opens one for each request. libcurl (7.88) does not look whether a server has said
    ///     something unasked on a kept HTTP/1 connection, and takes it for the next answer.
    public init(
        _ base: HTTPURL, client: HTTPClient, connect: Duration = .seconds(10), idle: Duration = .seconds(600),
        tls: TLSOptions = TLSOptions(), keepsConnections: Bool = true
    ) {
        self.base = base
        self.client = client
        timeouts = HTTPTimeouts(connect: connect, total: nil, idle: idle)
        self.tls = tls
        self.keepsConnections = keepsConnections
    }

    /// Sends a request and returns at the head of the answer.
    ///
    /// - Parameters:
    ///   - target: sent as it is.
    ///   - headers: as received; the fields of the connection, `Host`, `Expect` and those in `dropping` are
    ///     left out.
    ///   - secret: a field that replaces the one of its name.
    public func send(
        method: String, target: String, headers: [HTTPField], dropping: [String] = [],
        secret: HTTPSecretField? = nil, upload: HTTPUpload? = nil
    ) async throws(HTTPError) -> UpstreamAnswer {
        var request = HTTPRequest(
            method: method, url: base, headers: HopByHop.strip(headers, dropping: dropping + ["host"]),
            secretHeader: secret, timeouts: timeouts, maxResponseBytes: Self.longestAnswer, tls: tls,
            // A request in the clear shows its secrets to a proxy.
            proxy: base.scheme == "https" ? .environment : .direct)
        request.target = target
        request.upload = upload
        request.usesFreshConnection = !keepsConnections
        request.keepsConnection = keepsConnections
        return try UpstreamAnswer(try await client.stream(request))
    }
}

/// An answer whose body is still coming.
public struct UpstreamAnswer: Sendable {
    /// The status code, 200 to 599.
    public let status: Int
    /// The fields that go on.
    public let headers: [HTTPField]
    /// Bytes of the body where the server announced them and means it.
    public let length: Int?
    /// The body ends with the connection, so that its end can't be told from its being cut short.
    public let endsWithConnection: Bool
    /// The body; it throws when it is cut short.
    public let body: HTTPBody

    init(_ response: HTTPStreamResponse) throws(HTTPError) {
        guard (200...599).contains(response.status) else {
            throw HTTPError(malformed: "the answer has the status \(response.status)")
        }
        let codings = response.headers.values("transfer-encoding")
        let lengths = response.headers.values("content-length")
        guard codings.isEmpty || codings.count == 1 && codings[0].lowercased() == "chunked" else {
            throw HTTPError(malformed: "the answer has a transfer coding that nobody asked for")
        }
        // Two lengths, a length and chunks, or a length that is no number: whoever reads on could see another answer in
        // the body.
        guard lengths.count + codings.count <= 1, lengths.allSatisfy(Self.isNumber) else {
            throw HTTPError(malformed: "the answer's length is ambiguous")
        }
        status = response.status
        headers = HopByHop.strip(response.headers)
        length = codings.isEmpty ? lengths.first.flatMap { Int($0) } : nil
        endsWithConnection = response.head.isHTTP1 && codings.isEmpty && lengths.isEmpty
        body = response.body
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Whether the body is a stream of server-sent events.
    public var isEventStream: Bool {
        let type = headers["content-type"]?.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type?.lowercased() == "text/event-stream"
    }
}
