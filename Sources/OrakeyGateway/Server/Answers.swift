import CurlHTTP
import HTTPRelay

extension RelayAnswer {
    init(_ auth: AuthAnswer) {
        self.init(status: auth.status, headers: auth.headers.map { HTTPField($0.0, $0.1) }, body: auth.body)
    }

    init(_ refusal: Refusal) {
        self.init(
            status: refusal.status, headers: refusal.headers.map { HTTPField($0.0, $0.1) },
            body: refusal.openAIError.body)
    }

    /// An error in OpenAI's form.
    static func error(_ status: Int, _ error: OpenAIError) -> RelayAnswer {
        RelayAnswer(
            status: status, headers: [HTTPField("Content-Type", "application/json"), .noStore], body: error.body)
    }

    /// An error of the caller's making.
    static func error(_ status: Int, _ message: String, code: String) -> RelayAnswer {
        error(status, OpenAIError(message, type: "invalid_request_error", code: code))
    }

    static func text(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") -> RelayAnswer {
        RelayAnswer(status: status, headers: [HTTPField("Content-Type", type), .noStore], body: Array(text.utf8))
    }

    static let notFound = error(404, "there is nothing at this path", code: "not_found")

    static func methodNotAllowed(_ allowed: String) -> RelayAnswer {
        var answer = error(405, "this path takes \(allowed) only", code: "method_not_allowed")
        answer.headers.append(HTTPField("Allow", allowed))
        return answer
    }

    /// What a client is told whose request is none.
    init(_ problem: RequestProblem) {
        let code =
            switch problem {
            case .headTooLarge: "headers_too_large"
            case .bodyTooLarge: "request_too_large"
            case .timedOut: "request_timeout"
            default: "bad_request"
            }
        self = .error(problem.status, "\(problem)", code: code)
    }
}

extension HTTPField {
    static let noStore = HTTPField("Cache-Control", "no-store")
}

extension Gatekeeper {
    /// Judges the `Authorization` header of a request; two of them are none.
    func authorise(_ headers: [HTTPField], for use: Use) -> Verdict {
        let values = headers.values("authorization")
        guard values.count == 1, var value = values.first else { return unsafe authorise(nil, for: use) }
        return value.withUTF8 { unsafe authorise(UnsafeRawBufferPointer($0), for: use) }
    }

    /// Whether keys can be judged on every network.
    var health: RelayAnswer {
        let stale = zip(networks, currentViews).filter { $1 == nil }.map { "\($0.0.name)" }
        guard stale.isEmpty else { return .text("view too old: \(stale.joined(separator: ", "))\n", status: 503) }
        return .text("ok\n")
    }
}
