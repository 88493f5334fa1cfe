public import CurlHTTP

/// Where a JSON-RPC server is and what it wants to see. Descriptions show scheme, host and port only: providers put
/// keys into paths, queries and headers.
public struct RPCEndpoint: Sendable {
    /// The address.
    public var url: HTTPURL
    /// Further header fields, such as an access token.
    public var headers: [HTTPField]
    /// Authorities and client certificate.
    public var tls: TLSOptions
    /// Proxy or none.
    public var proxy: ProxyPolicy

    /// An endpoint at a checked address.
    public init(
        url: HTTPURL, headers: [HTTPField] = [], tls: TLSOptions = TLSOptions(), proxy: ProxyPolicy = .environment
    ) {
        self.url = url
        self.headers = headers
        self.tls = tls
        self.proxy = proxy
    }

    /// An endpoint at `https://`, `http://` or `http+unix:///path`.
    public init(_ address: String) throws(RPCError) {
        do throws(HTTPError) {
            self.init(url: try HTTPURL(address))
        } catch {
            throw RPCError(.noEndpoint(error.reason))
        }
    }
}

extension RPCEndpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Scheme, host and port only.
    public var description: String { url.description }
    /// Scheme, host and port only.
    public var debugDescription: String { description }
    /// Scheme, host and port only.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
