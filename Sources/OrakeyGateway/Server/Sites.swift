import NIOHTTP1

/// What everybody may ask: whether a key is good, and whether the gateway is well.
struct PublicSite: Site {
    let gatekeeper: Gatekeeper

    /// Envoy puts the path of the caller's own request behind the prefix, with its method.
    private static let prefix = "/auth/"

    func answer(_ head: HTTPRequestHead, path: Substring, query: Substring) -> Answer {
        switch path {
        case "/auth": return Answer(auth(head, isNginx: query == "nginx=1"))
        case _ where path.hasPrefix(Self.prefix): return Answer(auth(head, isNginx: false))
        case "/healthz": return Health(gatekeeper).answer(head)
        default: return .error(404, "there is nothing at this path", code: "not_found")
        }
    }

    private func auth(_ head: HTTPRequestHead, isNginx: Bool) -> AuthAnswer {
        let values = head.headers["authorization"]
        var value = values.count == 1 ? values[0] : ""
        let verdict = value.withUTF8 { bytes in
            unsafe gatekeeper.authorise(values.count == 1 ? UnsafeRawBufferPointer(bytes) : nil, for: .check)
        }
        return AuthAnswer(verdict: verdict, isNginx: isNginx)
    }
}

/// What operators ask.
struct OperatorSite: Site {
    let gatekeeper: Gatekeeper
    let metrics: @Sendable () -> String

    func answer(_ head: HTTPRequestHead, path: Substring, query: Substring) -> Answer {
        switch path {
        case "/healthz": return Health(gatekeeper).answer(head)
        case "/metrics":
            guard head.method == .GET || head.method == .HEAD else { return Health.methodNotAllowed }
            return .text(metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        default: return .error(404, "there is nothing at this path: GET /metrics or /healthz", code: "not_found")
        }
    }
}

/// Whether keys can be judged on every network.
private struct Health {
    private let stale: [String]

    init(_ gatekeeper: Gatekeeper) {
        stale = zip(gatekeeper.networks, gatekeeper.currentViews).filter { $1 == nil }.map { "\($0.0.name)" }
    }

    static let methodNotAllowed = {
        var answer = Answer.error(405, "this path takes GET only", code: "method_not_allowed")
        answer.headers.append(("Allow", "GET, HEAD"))
        return answer
    }()

    func answer(_ head: HTTPRequestHead) -> Answer {
        guard head.method == .GET || head.method == .HEAD else { return Self.methodNotAllowed }
        guard stale.isEmpty else { return .text("view too old: \(stale.joined(separator: ", "))\n", status: 503) }
        return .text("ok\n")
    }
}
