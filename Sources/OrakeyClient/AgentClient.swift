public import OrakeyAPI
public import StrictJSON
internal import UnixHTTP

/// A consumer's view of the daemon: the agent socket. Every call blocks the calling thread and takes a connection of its own.
///
/// ```swift
/// let key = try AgentClient().key()
/// request.headers["Authorization"] = "Bearer \(key.key)"
/// ```
public struct AgentClient: Sendable {
    /// The socket this client connects to.
    public let path: String

    /// - Parameter path: a socket; nil takes `ORAKEY_AGENT_SOCK`, else the user's socket, else the system one.
    public init(path: String? = nil) {
        self.path = path ?? DaemonSocket.agent.clientPath
    }

    /// `GET /v1/key`: the key to use now, and what there is to know about it.
    ///
    /// - Parameters narrow the choice where policy gives this process several keys.
    public func key(consumer: String? = nil, network: String? = nil) throws(ClientError) -> KeyAnswer {
        let answer = try Call(target: Self.keyTarget(consumer, network)).send(to: path)
        return try answer.decode(KeyAnswer.init(json:))
    }

    /// The same as bytes, as the daemon sent them: the key and a newline, or the JSON. They hold a secret.
    public func keyBytes(
        consumer: String? = nil, network: String? = nil, json: Bool = false
    ) throws(ClientError) -> [UInt8] {
        let accept = json ? "application/json" : "text/plain"
        return try Call(target: Self.keyTarget(consumer, network), headers: [("Accept", accept)]).send(to: path).body
    }

    /// `POST /v1/token`: what takes the place of an API key on the proxy's loopback port.
    ///
    /// - Parameter seconds: how long it is to be good for; nil leaves that to the daemon.
    public func token(
        consumer: String? = nil, network: String? = nil, seconds: Int64? = nil
    ) throws(ClientError) -> JSON {
        let query = [("consumer", consumer), ("network", network), ("ttl", seconds.map { String($0) })]
        return try Call(method: "POST", target: target("/v1/token", query)).send(to: path)
            .decode { (json) throws(JSONError) in json }
    }

    /// `GET /v1/health`. Health that is not good is an answer here, not an error.
    public func health() throws(ClientError) -> Health {
        do throws(ClientError) {
            return try Call(target: "/v1/health").send(to: path).decode(Health.init(json:))
        } catch {
            guard case .refused(_, let body) = error.kind else { throw error }
            return Health(body)
        }
    }

    /// `GET /v1/watch`: a stream of the current key and every change to it. Ends by itself only with the daemon.
    public func watch(consumer: String? = nil, network: String? = nil) throws(ClientError) -> EventSource {
        try EventSource(path: path, target: target("/v1/watch", [("consumer", consumer), ("network", network)]))
    }

    private static func keyTarget(_ consumer: String?, _ network: String?) -> String {
        target("/v1/key", [("consumer", consumer), ("network", network)])
    }
}
