import CurlHTTP
import HTTPRelay
import ScriptedHTTP
import Testing

/// The ways from a caller to a server.
enum Way: CaseIterable {
    /// As bytes, by the front itself.
    case short
    /// By a handler and libcurl.
    case long

    /// A front that relays everything to one server.
    func front(
        to server: ScriptedServer, idle: Duration = .seconds(120), keepsConnections: Bool = true
    ) async throws -> Front {
        let url = try HTTPURL(server.url)
        switch self {
        case .short:
            let upstream = try #require(PlainUpstream(url, idle: idle))
            var limits = RelayLimits()
            limits.wasteSeconds = 2
            return try await Front(limits: limits, plain: (Everything(), upstream), notPlain)
        case .long:
            let client = try HTTPClient()
            return try await Front(
                Relay(upstream: Upstream(url, client: client, idle: idle, keepsConnections: keepsConnections)))
        }
    }
}

/// What stands behind the short way, and can be told from it.
private let notPlain = Closure { request, answer in
    var body: [UInt8] = []
    do throws(RequestProblem) {
        for try await piece in request.body { body += piece }
        answer.send(RelayAnswer(status: 299, body: Array("\(request.target) \(body.count)".utf8)))
    } catch {
        answer.send(RelayAnswer(status: error.status, body: []))
    }
}

/// Relays everything to one server, streaming both ways.
private struct Relay: RelayHandler {
    let upstream: Upstream

    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async {
        let upload = request.contentLength == 0 ? nil : HTTPUpload(length: request.contentLength)
        async let pump: Void = Self.pump(request.body, into: upload)
        do throws(HTTPError) {
            let response = try await upstream.send(
                method: request.method, target: request.target, headers: request.headers,
                dropping: ["cookie"], upload: upload)
            answer.start(status: response.status, headers: response.headers, length: response.length)
            var pieces = response.body.makeAsyncIterator()
            while let piece = try await pieces.next() {
                do throws(RequestProblem) { try await answer.write(piece) } catch { return }
            }
            answer.finish()
        } catch {
            answer.send(RelayAnswer(status: 502, body: Array("\(error.code)".utf8)))
        }
        await pump
    }

    private static func pump(_ body: RequestBody, into upload: HTTPUpload?) async {
        guard let upload else { return }
        do throws(RequestProblem) {
            var pieces = body.makeAsyncIterator()
            while let piece = try await pieces.next() {
                guard await upload.write(piece) else { return }
            }
            upload.finish()
        } catch {
            upload.fail()
        }
    }

    func refusal(of problem: RequestProblem) -> RelayAnswer { RelayAnswer(status: problem.status) }
}
