import CurlHTTP
import HTTPRelay
import LocalSockets
import PrometheusText
import StrictJSON

/// What everybody may ask: whether a key is good, whether the gateway is well, and the models behind it.
struct PublicHandler: RelayHandler {
    /// Envoy puts the path of the caller's own request behind the prefix, with its method.
    private static let envoyPrefix = "/auth/"

    let gatekeeper: Gatekeeper
    let models: ServedModels

    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async {
        switch request.path {
        case "/auth": answer.send(auth(request, isNginx: request.target == "/auth?nginx=1"))
        case let path where path.hasPrefix(Self.envoyPrefix): answer.send(auth(request, isNginx: false))
        case "/healthz":
            answer.send(request.isRead ? gatekeeper.health : .methodNotAllowed("GET, HEAD"))
        case let path where path.hasPrefix("/v1/"):
            guard let service = models.current else { return answer.send(.notFound) }
            await service.handle(request, answer)
        default: answer.send(.notFound)
        }
    }

    private func auth(_ request: RelayRequest, isNginx: Bool) -> RelayAnswer {
        RelayAnswer(AuthAnswer(verdict: gatekeeper.authorise(request.headers, for: .check), isNginx: isNginx))
    }

    func refusal(of problem: RequestProblem) -> RelayAnswer { RelayAnswer(problem) }
}

/// What operators ask.
struct OperatorHandler: RelayHandler {
    let gatekeeper: Gatekeeper
    let metrics: @Sendable () -> String
    /// What owners have used.
    let usage: UsageKeeper
    /// Only this host can reach the address, so that requests have to name this host. Elsewhere operators have names of
    /// their own for it.
    let isLoopback: Bool

    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async { answer.send(self.answer(to: request)) }

    private func answer(to request: RelayRequest) -> RelayAnswer {
        if let name = WebPages.fields.first(where: { request.headers[$0] != nil }) {
            return .error(403, "requests from web pages are refused (\(name) header)", code: "browser_request")
        }
        // Browsers always name a host; probes that speak HTTP/1.0 don't.
        if isLoopback, let host = request.headers["host"], !WebPages.isThisHost(host) {
            return .error(
                421, "the Host is not this host: use localhost, 127.0.0.1 or [::1]", code: "browser_request")
        }
        switch (request.path, request.isRead) {
        case ("/healthz", true): return gatekeeper.health
        case ("/metrics", true): return .text(metrics(), type: MetricsText.contentType)
        case ("/usage", true): return usage(of: request)
        case ("/healthz", _), ("/metrics", _), ("/usage", _): return .methodNotAllowed("GET, HEAD")
        default: return .notFound
        }
    }

    private func usage(of request: RelayRequest) -> RelayAnswer {
        let query = request.target.dropFirst(request.path.count)
        guard query.isEmpty || query.hasPrefix("?day=") else { return Self.badDay }
        do {
            let day = query.isEmpty ? nil : String(query.dropFirst("?day=".count))
            guard let usage = try usage.usage(of: day) else { return Self.badDay }
            return .text(usage.text + "\n", type: "application/json")
        } catch {
            return .text("the usage can't be read\n", status: 500)
        }
    }

    private static let badDay = RelayAnswer.error(400, "a day is given as ?day=2026-11-28", code: "bad_request")

    func refusal(of problem: RequestProblem) -> RelayAnswer { RelayAnswer(problem) }
}

extension RelayRequest {
    var isRead: Bool { method == "GET" || method == "HEAD" }
}
