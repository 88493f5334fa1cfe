import CurlHTTP
import Foundation
import HTTPRelay
import Logging
import StrictJSON

/// The reverse proxy's role: lets a request pass to the backend of its model, and its answer back, with hashes.
struct ModelService: Sendable {
    /// What of a caller's headers concerns a model server. Nothing else goes on, least of all credentials.
    private static let forwarded = ["content-type", "accept", "accept-language", "user-agent"]
    private static let modelPath = "/v1/models/"

    let gatekeeper: Gatekeeper
    let backends: Backends
    let search: SearchClient?
    let usage: UsageBook
    let tasks: TaskRoutes
    let log: Logger

    /// One request under `/v1/`.
    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async {
        // Backends have paths that are nobody's business.
        guard RequestPath.staysBelow(request.path) else { return answer.send(Self.badPath) }
        let grant: Grant
        switch gatekeeper.authorise(request.headers, for: .request) {
        case .refused(let refusal): return answer.send(RelayAnswer(refusal))
        case .granted(let granted): grant = granted
        }
        defer { gatekeeper.finish(grant) }
        let path = request.path
        let isResult = path.hasPrefix(TaskRoutes.resultPath)
        let isRead = path == "/v1/models" || path.hasPrefix(Self.modelPath) || isResult
        guard isRead ? request.isRead : request.method == "POST" else {
            return answer.send(.methodNotAllowed(isRead ? "GET, HEAD" : "POST"))
        }
        if !isRead {
            await complete(request, grant, answer)
        } else if isResult {
            await result(request, grant, answer)
        } else if path == "/v1/models" {
            answer.send(list)
        } else {
            answer.send(one(String(path.dropFirst(Self.modelPath.count))))
        }
    }

    // MARK: - Models

    private var list: RelayAnswer {
        let models = backends.settings.modelNames.map { description(of: $0) }
        return json(["object": "list", "data": .array(models)])
    }

    /// Clients send the slashes of a name as they are, or encoded.
    private func one(_ name: String) -> RelayAnswer {
        let name = name.removingPercentEncoding ?? name
        return backends.settings.models[name] == nil ? Self.unknownModel : json(description(of: name))
    }

    private func description(of model: String) -> JSON {
        ["id": .string(model), "object": "model", "created": 0, "owned_by": "orakey-gateway"]
    }

    private func json(_ value: JSON) -> RelayAnswer {
        RelayAnswer(status: 200, headers: [HTTPField("Content-Type", "application/json")], body: value.serialize())
    }

    private static let badPath = RelayAnswer.error(400, "the path leads elsewhere than it says", code: "bad_request")
    private static let unknownModel = RelayAnswer.error(
        404, "this model is not served here: GET /v1/models lists those that are", code: "model_not_found")

    // MARK: - Requests with a body

    private func complete(_ request: RelayRequest, _ grant: Grant, _ answer: AnswerWriter) async {
        let start = ContinuousClock.now
        do throws(Problem) {
            let body = try await whole(request)
            var wanted: ModelRequest
            do throws(OpenAIError) { wanted = try ModelRequest(body) } catch { throw .answer(.error(400, error)) }
            guard let backend = backends.index(of: wanted.model) else { throw .answer(Self.unknownModel) }
            let key = usageKey(grant, wanted.model)
            var count = UsageCount(requests: 1, failures: 1, bytesIn: UInt64(body.count))
            defer {
                count.milliseconds = UInt64(max(0, (ContinuousClock.now - start) / .milliseconds(1)))
                usage.add(count, for: key)
            }
            let found = try await searched(&wanted)
            let upstream = try await send(wanted.body, of: request, grant, to: backend)
            let exchange = ModelExchange(
                requestHash: wanted.requestHash, searchResult: found, answerBytes: backends.settings.answerBytes)
            if path(request) == TaskRoutes.createPath {
                try await exchange.relay(upstream, to: answer, counting: &count) { tasks.note($0, backend: backend) }
            } else {
                try await exchange.relay(upstream, to: answer, counting: &count)
            }
        } catch {
            tell(error, answer)
        }
    }

    private func path(_ request: RelayRequest) -> String { String(request.path) }

    /// Models that have no line of their own count together: callers can make up any number of names.
    private func usageKey(_ grant: Grant, _ model: String) -> UsageKey {
        let isListed = backends.settings.models[model] != nil
        return UsageKey(
            network: grant.identity.network, owner: grant.identity.owner, model: isListed ? model : "*")
    }

    private func whole(_ request: RelayRequest) async throws(Problem) -> [UInt8] {
        let limit = backends.settings.bodyBytes
        let tooLarge = Problem.answer(
            .error(413, "the request's body is larger than \(limit) bytes", code: "request_too_large"))
        if let length = request.contentLength, length > limit { throw tooLarge }
        var body: [UInt8] = []
        do throws(RequestProblem) {
            for try await piece in request.body {
                body += piece
                if body.count > limit { break }
            }
        } catch {
            throw .answer(RelayAnswer(error))
        }
        guard body.count <= limit else { throw tooLarge }
        return body
    }

    /// Searches where the caller asks for it, before anything is billed.
    private func searched(_ wanted: inout ModelRequest) async throws(Problem) -> JSON? {
        guard wanted.wantsSearch else { return nil }
        guard let search else {
            throw .answer(.error(400, "search_enabled is not offered here", code: "search_not_available"))
        }
        do {
            var results: [SearchResult] = []
            if let question = wanted.question { results = try await search.search(question) }
            wanted.add(results)
            return .array(results.map(\.json))
        } catch {
            // The question is the caller's; the log gets the reason alone.
            log.warning("a search failed", metadata: ["error": "\(error)"])
            throw .unavailable("the search service does not answer: try again, or without search_enabled")
        }
    }

    /// - Parameter body: nil to read; for a HEAD too, which not every model server knows.
    private func send(
        _ body: [UInt8]?, of request: RelayRequest, _ grant: Grant, to backend: Int
    ) async throws(Problem) -> UpstreamAnswer {
        let upstream: UpstreamAnswer
        do throws(HTTPError) {
            upstream = try await backends.send(
                to: backend, method: body == nil ? "GET" : "POST", target: request.target,
                headers: headers(request, grant), body: body)
        } catch {
            tell("a backend can't be reached", backend, "\(error)")
            throw .unavailable("the model server does not answer: try again later")
        }
        // Not the caller's key is refused but the gateway's own, and nobody follows a backend elsewhere.
        guard upstream.status != 401, !(300..<400).contains(upstream.status) else {
            tell("a backend refuses the gateway: see its key_file and url", backend, "status \(upstream.status)")
            throw .unavailable("the model server can't be used: its provider has to look into it")
        }
        return upstream
    }

    private func tell(_ what: Logger.Message, _ backend: Int, _ reason: String) {
        log.warning(what, metadata: ["backend": "\(backends.settings.backends[backend].name)", "error": "\(reason)"])
    }

    private func headers(_ request: RelayRequest, _ grant: Grant) -> [HTTPField] {
        request.headers.filter { Self.forwarded.contains($0.name.lowercased()) } + [
            HTTPField("X-Ora-Network", "\(grant.identity.network)"),
            HTTPField("X-Ora-Owner", "\(grant.identity.owner)"),
            HTTPField("X-Ora-Message", "\(grant.identity.message)"),
        ]
    }

    // MARK: - Results of tasks

    private func result(_ request: RelayRequest, _ grant: Grant, _ answer: AnswerWriter) async {
        do throws(Problem) {
            let upstream = try await first(
                of: tasks.backends(for: request.target, among: backends.settings.backends.count), request, grant)
            var count = UsageCount()
            try await ModelExchange(requestHash: nil, searchResult: nil, answerBytes: backends.settings.answerBytes)
                .relay(upstream, to: answer, counting: &count)
        } catch {
            tell(error, answer)
        }
    }

    /// The answer of the backend that has the task. One that fails, or knows no such path, hides no other's.
    private func first(
        of indices: [Int], _ request: RelayRequest, _ grant: Grant
    ) async throws(Problem) -> UpstreamAnswer {
        var (refused, problem): (UpstreamAnswer?, Problem?)
        for backend in indices {
            do throws(Problem) {
                let upstream = try await send(nil, of: request, grant, to: backend)
                if (200..<300).contains(upstream.status) { return upstream }
                if refused == nil || refused?.status == 404 { refused = upstream }
            } catch {
                problem = error
            }
        }
        // One that can't be asked may be the one.
        if let problem, refused == nil || refused?.status == 404 { throw problem }
        guard let refused else { throw .answer(.notFound) }
        return refused
    }

    private func tell(_ problem: Problem, _ answer: AnswerWriter) {
        switch problem {
        case .answer(let ready): answer.send(ready)
        case .unavailable(let message):
            answer.send(.error(502, OpenAIError(message, type: "server_error", code: "backend_unavailable")))
        case .cut: answer.cut()
        }
    }
}

/// Why a request does not end as it should.
enum Problem: Error {
    /// Nothing was answered yet: this is.
    case answer(RelayAnswer)
    /// Nothing was answered yet, and it is nobody's fault here.
    case unavailable(String)
    /// The answer was begun and can't be ended.
    case cut
}
