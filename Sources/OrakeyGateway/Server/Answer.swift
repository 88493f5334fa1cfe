import NIOCore
import NIOHTTP1

/// An answer that is ready.
struct Answer: Sendable {
    var status: Int
    var headers: [(String, String)]
    var body: [UInt8]

    init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(_ auth: AuthAnswer) { self.init(status: auth.status, headers: auth.headers, body: auth.body) }

    static func text(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") -> Answer {
        Answer(
            status: status, headers: [("Content-Type", type), ("Cache-Control", "no-store")], body: Array(text.utf8))
    }

    /// An error in OpenAI's form.
    static func error(_ status: Int, _ message: String, type: String = "invalid_request_error", code: String) -> Answer
    {
        Answer(
            status: status, headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
            body: OpenAIError(message, type: type, code: code).body)
    }
}

/// What a listener serves.
protocol Site: Sendable {
    /// The answer to a request by its head alone; a body is read and thrown away.
    func answer(_ head: HTTPRequestHead, path: Substring, query: Substring) -> Answer
}
