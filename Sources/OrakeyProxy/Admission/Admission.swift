import CurlHTTP
import HTTPRelay
import LocalSockets
import OrakeyCore

/// Decides for each request whose key goes on it. The one way in: Unix socket and loopback port, every path.
struct Admission: Sendable {
    /// Narrow the choice where policy gives a process several keys. They end here.
    static let consumerField = "x-orakey-consumer"
    static let networkField = "x-orakey-network"

    let policy: PolicyBox
    let tokens: TokenMint
    let denials: DenialBook
    let now: @Sendable () -> Timestamp

    /// Who asks, and whose key that gives them.
    struct Caller {
        let name: ConsumerName
        let peer: Peer
    }

    /// Whoever has a token: the loopback port does not tell the process. No user has this number.
    private static let tokenHolder = Peer(processID: 0, userID: .max, groupIDs: [])

    func caller(of request: RelayRequest) throws(ProxyRefusal) -> Caller {
        try Self.check(request)
        switch request.peer {
        case .process(let process): return try caller(of: process, request.headers)
        case .loopback: return Caller(name: try consumer(byToken: request.headers), peer: Self.tokenHolder)
        }
    }

    /// What no honest client sends, whoever it is.
    static func check(_ request: RelayRequest) throws(ProxyRefusal) {
        // A web page can make a browser call local servers; no other client sends these.
        for name in WebPages.fields where request.headers[name] != nil {
            throw ProxyRefusal(403, "browser_request", "requests from web pages are refused (\(name) header)")
        }
        if case .loopback = request.peer, !WebPages.isThisHost(request.headers["host"] ?? "") {
            throw ProxyRefusal(403, "browser_request", "the Host header names another host than this one")
        }
        let path = request.path
        guard path.hasPrefix("/v1/") else {
            throw ProxyRefusal(404, "not_found", "only paths below /v1/ are relayed; base_url ends in /v1")
        }
        guard RequestPath.staysBelow(path)
        else { throw ProxyRefusal(400, "bad_request", "the path leads elsewhere than it says") }
    }

    /// The caller of a request that is nothing out of the ordinary; nil for one that is to be told something. Decides by
    /// the same rules, and leaves it to ``caller(of:)`` to count and to say why not.
    func caller(of request: PlainRequest, from peer: RelayPeer) -> Caller? {
        guard PlainTarget.isPlain(request.target) else { return nil }
        switch peer {
        case .process(let process):
            let (verdict, peer) = verdict(on: process, consumer: nil, network: nil)
            guard case .granted(let consumer, let network) = verdict else { return nil }
            return Caller(name: ConsumerName(consumer: consumer, network: network), peer: peer)
        case .loopback:
            guard WebPages.isThisHost(request.host), let value = request.authorization,
                let holder = holder(of: [value]), isInForce(holder)
            else { return nil }
            return Caller(name: holder.name, peer: Self.tokenHolder)
        }
    }

    private func verdict(
        on process: RelayProcess, consumer: String?, network: String?
    ) -> (Policy.Verdict, Peer) {
        let policy = policy.current
        let details: (executable: String?, units: [String]) = policy.needsProcessDetails ? process.details : (nil, [])
        let peer = Peer(
            processID: process.processID, userID: process.userID, groupIDs: process.groupIDs,
            executable: details.executable, units: details.units, process: process.number)
        return (policy.authorise(peer, consumer: consumer, network: network), peer)
    }

    private func caller(of process: RelayProcess, _ headers: [HTTPField]) throws(ProxyRefusal) -> Caller {
        let (verdict, peer) = verdict(
            on: process, consumer: headers[Self.consumerField], network: headers[Self.networkField])
        switch verdict {
        case .granted(let consumer, let network):
            return Caller(name: ConsumerName(consumer: consumer, network: network), peer: peer)
        case .ambiguous(let names):
            throw ProxyRefusal(
                409, "ambiguous",
                "several keys fit: \(names.joined(separator: ", ")); choose with the header X-Orakey-Consumer or X-Orakey-Network"
            )
        case .denied(let denial):
            denials.count(peer, reason: "proxy: \(denial)")
            throw ProxyRefusal(
                403, "forbidden",
                "no consumer in the configuration matches this process (uid \(process.userID)); an operator can add one under consumers: in orakeyd.yaml"
            )
        }
    }

    private func consumer(byToken headers: [HTTPField]) throws(ProxyRefusal) -> ConsumerName {
        guard let holder = holder(of: headers.values("authorization")) else {
            denials.count(Self.tokenHolder, reason: "proxy: no valid token")
            throw ProxyRefusal(
                401, "invalid_token", "api_key must be a local token that has not ended: orakey token makes one")
        }
        guard isInForce(holder) else {
            throw ProxyRefusal(
                403, "forbidden",
                "the token's consumer is no longer configured, or for other processes: orakey token makes a new one")
        }
        return holder.name
    }

    /// A reload may have taken the consumer away since, or given it to others.
    private func isInForce(_ holder: TokenHolder) -> Bool {
        policy.current.rule(of: holder.name.consumer, network: holder.name.network) == holder.rule
    }

    /// Whom the token in the one Authorization field stands for.
    private func holder(of values: [String]) -> TokenHolder? {
        let parts = values.count == 1 ? values[0].split(separator: " ", maxSplits: 1) : []
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return tokens.holder(of: String(parts[1]), at: now())
    }
}
