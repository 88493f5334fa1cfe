public import CurlHTTP

/// JSON-RPC over HTTP POST.
public struct CurlTransport: RPCTransport {
    private let client: HTTPClient
    private let endpoint: RPCEndpoint
    private let timeouts: HTTPTimeouts
    private let maxAnswerBytes: Int

    /// A way to `endpoint` through `client`.
    public init(client: HTTPClient, endpoint: RPCEndpoint, timeouts: HTTPTimeouts, maxAnswerBytes: Int) {
        self.client = client
        self.endpoint = endpoint
        self.timeouts = timeouts
        self.maxAnswerBytes = maxAnswerBytes
    }

    /// Posts one body.
    public func send(_ request: RPCTransportRequest) async throws(RPCError) -> RPCTransportAnswer {
        var post = HTTPRequest(
            method: "POST", url: endpoint.url,
            headers: [HTTPField("Content-Type", "application/json"), HTTPField("Accept", "application/json")]
                + endpoint.headers,
            body: request.body, timeouts: timeouts, maxResponseBytes: maxAnswerBytes, tls: endpoint.tls,
            proxy: endpoint.proxy)
        post.usesFreshConnection = !request.isRepeatable
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(post)
        } catch {
            throw RPCError(
                Self.kind(of: error), mayHaveTakenEffect: error.mayHaveBeenSent, endpoint: endpoint.description)
        }
        // None was asked for, and what a few bytes can unfold to is not what the limit on answers counts.
        if let coding = response.headers["content-encoding"], !coding.isEmpty, coding.lowercased() != "identity" {
            throw RPCError(
                .invalidAnswer("it is compressed, which was not asked for"), mayHaveTakenEffect: true,
                endpoint: endpoint.description)
        }
        // An error page in HTML is told by its status; a page with status 200 is no answer at all.
        if response.status == 200, let type = response.headers["content-type"], !Self.isJSON(type) {
            throw RPCError(
                .invalidAnswer("its content type is not JSON"), mayHaveTakenEffect: true, endpoint: endpoint.description
            )
        }
        return RPCTransportAnswer(
            status: response.status, body: response.body,
            retryAfter: response.headers["retry-after"].flatMap {
                RetryAfter.parse($0, date: response.headers["date"])
            },
            openedConnection: response.newConnections > 0)
    }

    private static func kind(of error: HTTPError) -> RPCError.Kind {
        switch error.code {
        case .timedOut: .timeout(error.reason)
        case .cancelled: .cancelled
        case .malformedResponse, .tooLarge: .invalidAnswer(error.reason)
        default: .transport(error.reason)
        }
    }

    /// `application/json`, `application/json-rpc`, anything ending in `+json`, and `text/plain` of servers that name
    /// no better.
    static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return name.hasSuffix("/json") || name.hasSuffix("+json") || name.hasSuffix("json-rpc")
            || name.hasSuffix("jsonrequest") || name == "text/plain"
    }
}
