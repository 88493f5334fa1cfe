import CurlHTTP
import HTTPRelay
import StrictJSON

/// One answer of a backend on its way to the caller.
struct ModelExchange {
    /// What of a backend's headers concerns a caller.
    private static let forwarded = [
        "content-type", "content-disposition", "cache-control", "retry-after", "x-request-id",
    ]

    /// The hash of the request; nil where the answer gets no hashes.
    let requestHash: String?
    /// The rows of `search_result`; nil where nothing was searched for.
    let searchResult: JSON?
    let answerBytes: Int

    /// Passes an answer on: a stream as it comes, JSON whole and sealed, anything else as it is.
    ///
    /// - Parameter onTask: gets the id of a task that the answer names.
    func relay(
        _ upstream: UpstreamAnswer, to answer: AnswerWriter, counting count: inout UsageCount,
        onTask: (String) -> Void = { _ in }
    ) async throws(Problem) {
        let isSuccess = (200..<300).contains(upstream.status)
        if isSuccess, upstream.isEventStream, let requestHash {
            try await stream(upstream, requestHash, to: answer, counting: &count)
        } else if isSuccess, upstream.isJSON, let requestHash {
            try await sealed(upstream, requestHash, to: answer, counting: &count, onTask: onTask)
        } else if !isSuccess, !upstream.isJSON {
            throw .answer(failure(upstream))
        } else {
            try await asIs(upstream, to: answer, counting: &count)
        }
        if isSuccess { count.failures = 0 }
    }

    private func headers(_ upstream: UpstreamAnswer, isSealed: Bool = false) -> [HTTPField] {
        upstream.headers.filter { Self.forwarded.contains($0.name.lowercased()) }
            + (isSealed ? [HTTPField(ResponseHash.schemeHeader, ResponseHash.scheme)] : [])
    }

    /// An error page, as of a proxy in front of a model server, in the form that clients understand.
    private func failure(_ upstream: UpstreamAnswer) -> RelayAnswer {
        let error = OpenAIError(
            "the model server refuses the request with status \(upstream.status)",
            type: upstream.status < 500 ? "invalid_request_error" : "server_error", code: "backend_error")
        var failure = RelayAnswer.error(upstream.status, error)
        failure.headers += headers(upstream).filter { ["retry-after", "x-request-id"].contains($0.name.lowercased()) }
        return failure
    }

    // MARK: - Whole answers

    private func sealed(
        _ upstream: UpstreamAnswer, _ requestHash: String, to answer: AnswerWriter, counting count: inout UsageCount,
        onTask: (String) -> Void
    ) async throws(Problem) {
        var body: [UInt8] = []
        do throws(HTTPError) {
            for try await piece in upstream.body {
                body += piece
                if body.count > answerBytes { break }
            }
        } catch {
            throw .unavailable("the model server's answer was cut short: try again")
        }
        guard body.count <= answerBytes else { throw .unavailable("the model server's answer is too large") }
        guard var object = try? JSON.parse(body).objectValue else {
            throw .unavailable("the model server's answer is not JSON")
        }
        if let searchResult { object["search_result"] = searchResult }
        guard let sealed = ResponseHash.seal(object, requestHash: requestHash) else {
            throw .unavailable("the model server's answer has a number that JSON has no canonical form for")
        }
        if let tokens = TokenUsage(object["usage"]) { add(tokens, to: &count) }
        if let task = object["task_id"]?.stringValue { onTask(task) }
        let text = JSON.object(sealed).serialize()
        count.bytesOut = UInt64(text.count)
        answer.send(
            RelayAnswer(
                status: upstream.status, headers: headers(upstream, isSealed: true), body: text))
    }

    private func asIs(
        _ upstream: UpstreamAnswer, to answer: AnswerWriter, counting count: inout UsageCount
    ) async throws(Problem) {
        answer.start(status: upstream.status, headers: headers(upstream), length: upstream.length)
        do {
            for try await piece in upstream.body {
                count.bytesOut += UInt64(piece.count)
                try await answer.write(piece)
            }
        } catch {
            throw .cut
        }
        answer.finish()
    }

    private func add(_ tokens: TokenUsage, to count: inout UsageCount) {
        count.promptTokens += tokens.prompt
        count.completionTokens += tokens.completion
    }

    // MARK: - Streams

    private func stream(
        _ upstream: UpstreamAnswer, _ requestHash: String, to answer: AnswerWriter, counting count: inout UsageCount
    ) async throws(Problem) {
        var sealer = EventStreamSealer()
        answer.start(status: upstream.status, headers: headers(upstream, isSealed: true))
        defer { if let tokens = sealer.usage { add(tokens, to: &count) } }
        var pieces = upstream.body.makeAsyncIterator()
        var isOver = false
        while !isOver {
            let steps: [EventStreamSealer.Step]
            do {
                let piece = try await pieces.next()
                isOver = piece == nil
                if isOver, upstream.endsWithConnection, !sealer.isDone {
                    throw HTTPError(malformed: "the connection ended in the middle of a stream")
                }
                steps = if let piece { try sealer.take(piece) } else { try sealer.end() }
            } catch {
                // Never a silent end: the caller must not take what came for the whole.
                try await write(Self.cutShort, to: answer, &count)
                throw .cut
            }
            for step in steps {
                switch step {
                case .bytes(let bytes): try await write(bytes, to: answer, &count)
                case .close: try await write(closing(sealer, requestHash), to: answer, &count)
                }
            }
        }
        if !sealer.isDone { try await write(closing(sealer, requestHash), to: answer, &count) }
        answer.finish()
    }

    private func closing(_ sealer: EventStreamSealer, _ requestHash: String) -> [UInt8] {
        sealer.closingEvent(requestHash: requestHash, searchResult: searchResult)
    }

    private func write(_ bytes: [UInt8], to answer: AnswerWriter, _ count: inout UsageCount) async throws(Problem) {
        count.bytesOut += UInt64(bytes.count)
        do throws(RequestProblem) { try await answer.write(bytes) } catch { throw .cut }
    }

    private static let cutShort: [UInt8] = {
        let error = OpenAIError(
            "the model server's answer was cut short: what came is not the whole", type: "server_error",
            code: "stream_cut_short")
        return Array("\n\ndata: ".utf8) + error.body + Array("\n".utf8)
    }()
}

extension UpstreamAnswer {
    var isJSON: Bool {
        let type = headers["content-type"]?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? ""
        return type == "application/json" || type.hasSuffix("+json")
    }
}
