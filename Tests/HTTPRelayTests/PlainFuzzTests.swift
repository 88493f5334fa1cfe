import CurlHTTP
import Fuzzing
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTPRelay

/// The short way against NIO's parser, that of the long way: what it accepts, the parser accepts, and both see the same
/// message in it; and in what the short way makes of it.
@Suite struct PlainFuzzTests {
    /// A message as a parser sees it: names of fields in lower case, without those that the relay replaces or ends.
    private struct Message: Equatable {
        var start: [String]
        var fields: [String]
        var body: [UInt8]
    }

    private static let ended: Set = [
        "authorization", "connection", "content-length", "cookie", "host", "keep-alive", "set-cookie",
        "transfer-encoding", "x-mine",
    ]
    private static let requestRules = FieldRules(
        dropping: ["authorization", "cookie", "x-mine"], elsewhere: ["origin"])
    private static let rounds = Fuzz.count(usually: 5000)
    private static let answerRules = FieldRules(ofAnswersDropping: ["set-cookie", "x-mine"])

    private static func fields(_ headers: HTTPHeaders) -> [String] {
        // What Connection names ends here as well.
        let named = headers["connection"].flatMap {
            $0.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ",").map(String.init)
        }
        return headers.map { ($0.name.lowercased(), $0.value) }
            .filter { name, _ in !ended.contains(name) && !named.contains(name) }.map { "\($0): \($1)" }
    }

    // MARK: Requests

    private static let fieldLines = [
        "Host: localhost:8080", "Content-Type: application/json", "User-Agent: a/1 (b; c)", "Authorization: Bearer x",
        "Cookie: a=b", "Connection: keep-alive", "connection: Keep-Alive", "X-Mine: 1", "X-A:  b\t", "X-Empty:",
        "Origin: http://x", "Transfer-Encoding: chunked", "Connection: close", "Content-Length: 4", "X-\u{e9}: \u{e9}",
        "Accept: */*", "TE: trailers", "X: a\r\n b", "host: y", "Host: x ", "Authorization: y\t",
        "Connection: keep-alive ",
    ]

    private static func request(_ random: inout Randomness) -> [UInt8] {
        let method = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"][random.below(6)]
        let target = ["/", "/v1/chat/completions", "/a%2Fb?q=1&r=%41", "/\u{7f}", "*", "http://x/"][random.below(6)]
        let body = random.bytes(random.below(24))
        var lines = random.below(8) == 0 ? [] : [fieldLines[0]]
        for _ in 0..<random.below(4) { lines.append(fieldLines[random.below(fieldLines.count)]) }
        if !body.isEmpty { lines.append("Content-Length: \(body.count)") }
        lines.shuffle(using: &random)
        let head = (["\(method) \(target) HTTP/1.1"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
        return Array(head.utf8) + body
    }

    /// Nil for what the long way refuses, or what is not one whole message.
    private static func parsed(request bytes: ByteBuffer) throws -> (message: Message, head: HTTPRequestHead)? {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        do {
            try channel.writeInbound(bytes)
        } catch {
            return nil
        }
        guard case .head(let head)? = try channel.readInbound(as: HTTPServerRequestPart.self) else { return nil }
        guard let framing = try? RequestCheck.framing(of: head, limits: RelayLimits()) else { return nil }
        var body: [UInt8] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head: return nil
            case .body(let piece): body += piece.readableBytesView
            case .end(nil):
                guard try channel.readInbound(as: HTTPServerRequestPart.self) == nil, framing.length == body.count
                else { return nil }
                let start = ["\(head.method)", head.uri, "\(head.version)"]
                return (Message(start: start, fields: fields(head.headers), body: body), head)
            case .end: return nil
            }
        }
        return nil
    }

    @Test func acceptedRequestsMeanTheSameToTheParser() throws {
        var random = Randomness()
        var accepted = 0
        for _ in 0..<Self.rounds {
            let valid = Self.request(&random)
            var bytes = ByteBuffer(bytes: random.below(4) == 0 ? valid : Fuzz.mutated(valid, &random))
            var reader = PlainFormReader()
            guard case .form(let form) = reader.read(bytes, rules: Self.requestRules) else { continue }
            guard form.count < 4096 else { continue }
            // A body that a mutation has cut, or a length that it has made greater.
            while bytes.readableBytes < form.count { bytes.writeInteger(UInt8(random.below(256))) }
            accepted += 1
            let whole = try #require(bytes.getSlice(at: 0, length: form.count))
            // Whatever has come of it, it is this request or not yet one.
            let part = try #require(whole.getSlice(at: whole.readerIndex, length: random.below(form.count)))
            var again = PlainFormReader()
            switch again.read(part, rules: Self.requestRules) {
            case .form(let early): #expect(early == form)
            case .incomplete: #expect(part.readableBytes < form.headBytes)
            case .other: Issue.record("a beginning of \(whole) is no beginning")
            }
            let request = PlainRequest(form: form, bytes: whole)
            guard let (message, head) = try Self.parsed(request: whole) else {
                Issue.record("the parser refuses \(String(buffer: whole).debugDescription)")
                continue
            }
            #expect(
                message.body == Array(request.body)
                    && message.start[1] == String(decoding: request.target, as: UTF8.self))
            #expect(head.headers["host"] == [request.host])
            #expect(head.headers["authorization"] == (request.authorization.map { [$0] } ?? []))
            var sent = ByteBuffer()
            request.writeStart(to: &sent, host: "there")
            sent.writeStaticString("\r\n")
            request.writeBody(to: &sent)
            let arrived = try #require(try Self.parsed(request: sent), "\(String(buffer: whole).debugDescription)")
            #expect(arrived.message == message, "\(String(buffer: whole).debugDescription)")
            #expect(arrived.head.headers["host"] == ["there"])
            for name in ["authorization", "cookie", "x-mine", "connection"] {
                #expect(!arrived.head.headers.contains(name: name))
            }
        }
        #expect(accepted > Self.rounds / 20)
    }

    // MARK: Answers

    private static let answerLines = [
        "Content-Type: text/event-stream; charset=x", "Content-Type: application/json", "Connection: close",
        "Connection: keep-alive, X-Named", "X-Named: 1", "Set-Cookie: a", "X-Mine: 1", "X-A:  b\t", "X-\u{e9}: \u{e9}",
        "X-B: \u{e9}", "Keep-Alive: 5", "Transfer-Encoding: chunked", "Content-Length: 3", "Server: x", "X: a\r\n b",
    ]

    private static func chunked(_ body: [UInt8], _ random: inout Randomness) -> [UInt8] {
        var rest = body[...]
        var text: [UInt8] = []
        while !rest.isEmpty {
            let size = random.below(rest.count) + 1
            let digits = String(size, radix: 16, uppercase: random.coin())
            text += Array(
                "\(random.below(4) == 0 ? "00" : "")\(digits)\(random.below(4) == 0 ? ";a=\"b\"" : "")\r\n".utf8)
            text += rest.prefix(size) + Array("\r\n".utf8)
            rest = rest.dropFirst(size)
        }
        return text + Array("0\r\n\(random.below(4) == 0 ? "X-Trailer: 1\r\n" : "")\r\n".utf8)
    }

    private static func answer(_ random: inout Randomness) -> [UInt8] {
        let status = ["200 OK", "200 ", "404 Not Found", "204 No Content", "304 Not Modified", "503 A b"][
            random.below(6)]
        var body = random.bytes(random.below(40))
        var lines: [String] = []
        for _ in 0..<random.below(4) { lines.append(answerLines[random.below(answerLines.count)]) }
        switch random.below(3) {
        case 0: break
        case 1: lines.append("Content-Length: \(body.count)")
        default:
            lines.append("Transfer-Encoding: chunked")
            body = chunked(body, &random)
        }
        lines.shuffle(using: &random)
        let version = random.below(8) == 0 ? "1.0" : "1.1"
        return Array(((["HTTP/\(version) \(status)"] + lines).joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    private enum Reading: Equatable {
        case refused, unfinished
        case message(Message)
    }

    private static func parsed(answer bytes: ByteBuffer, endsWithConnection: Bool) throws -> Reading {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        try channel.writeOutbound(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")))
        var isRefused = false
        do {
            try channel.writeInbound(bytes)
            if endsWithConnection { _ = try channel.finish() }
        } catch {
            isRefused = true
        }
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        if isRefused { return .refused }
        guard case .head(let head)? = try channel.readInbound(as: HTTPClientResponsePart.self) else {
            return .unfinished
        }
        var body: [UInt8] = []
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head: return .refused
            case .body(let piece): body += piece.readableBytesView
            case .end:
                return .message(Message(start: ["\(head.status.code)"], fields: fields(head.headers), body: body))
            }
        }
        return .unfinished
    }

    /// The body that the short way takes from behind a head, and the bytes it took; nil for one that is not whole.
    private static func body(_ answer: PlainAnswer, _ rest: ByteBuffer) -> (body: [UInt8], count: Int)? {
        var buffer = rest
        switch answer.framing {
        case .none: return ([], 0)
        case .length(let length):
            return buffer.readBytes(length: length).map { ($0, length) }
        case .connection: return (Array(rest.readableBytesView), rest.readableBytes)
        case .chunks:
            var reader = ChunkReader()
            var body: [UInt8] = []
            while let step = try? reader.next(&buffer) {
                switch step {
                case .data(let piece): body += piece.readableBytesView
                case .needsMore: return nil
                case .end: return (body, rest.readableBytes - buffer.readableBytes)
                }
            }
            return nil
        }
    }

    @Test func acceptedAnswersMeanTheSameToTheParser() throws {
        var random = Randomness()
        var agreed = 0
        for _ in 0..<Self.rounds {
            let valid = Self.answer(&random)
            let bytes = ByteBuffer(bytes: random.below(4) == 0 ? valid : Fuzz.mutated(valid, &random))
            var reader = PlainAnswerReader()
            guard let answer = try? reader.read(bytes, rules: Self.answerRules),
                (200...599).contains(answer.status),
                let rest = bytes.getSlice(at: answer.headBytes, length: bytes.readableBytes - answer.headBytes),
                let (body, count) = Self.body(answer, rest),
                let whole = bytes.getSlice(at: 0, length: answer.headBytes + count)
            else { continue }
            let text = String(buffer: bytes).debugDescription
            // What the front would make of it.
            var sent = ByteBuffer(string: "HTTP/1.1 \(answer.status) x\r\n")
            answer.writeKept(to: &sent)
            if answer.framing != .none { sent.writeString("content-length: \(body.count)\r\n") }
            sent.writeStaticString("\r\n")
            sent.writeBytes(body)
            guard case .message(let arrived) = try Self.parsed(answer: sent, endsWithConnection: false) else {
                Issue.record("the parser refuses what becomes of \(text)")
                continue
            }
            #expect(arrived.start == ["\(answer.status)"] && arrived.body == body, "\(text)")
            switch try Self.parsed(answer: whole, endsWithConnection: answer.framing == .connection) {
            case .refused: break
            case .unfinished: Issue.record("the parser waits for more of \(text)")
            case .message(let message):
                agreed += 1
                #expect(message == arrived, "\(text)")
            }
        }
        #expect(agreed > Self.rounds / 20)
    }

    // MARK: Chunks

    /// What becomes of a body that comes in pieces of these sizes: what was read until it ended or was refused.
    private static func read(_ bytes: [UInt8], pieces: () -> Int) -> (body: [UInt8], left: Int?, isRefused: Bool) {
        var reader = ChunkReader()
        var buffer = ByteBuffer()
        var rest = bytes[...]
        var body: [UInt8] = []
        do throws(HTTPError) {
            while true {
                switch try reader.next(&buffer) {
                case .data(let piece): body += piece.readableBytesView
                case .end: return (body, buffer.readableBytes + rest.count, false)
                case .needsMore:
                    guard !rest.isEmpty else { return (body, nil, false) }
                    let piece = rest.prefix(pieces())
                    buffer.writeBytes(piece)
                    rest = rest.dropFirst(piece.count)
                }
            }
        } catch {
            return (body, nil, true)
        }
    }

    @Test func chunksMeanTheSameInAnyPieces() {
        var random = Randomness()
        var (ended, refused) = (0, 0)
        for _ in 0..<Self.rounds {
            let valid = Self.chunked(random.bytes(random.below(40)), &random) + random.bytes(random.below(3))
            let bytes = random.below(4) == 0 ? valid : Fuzz.mutated(valid, &random)
            let whole = Self.read(bytes) { bytes.count }
            let most = random.below(8) + 1
            let cut = Self.read(bytes) { random.below(most) + 1 }
            #expect(whole == cut, "\(bytes)")
            if whole.left != nil { ended += 1 }
            if whole.isRefused { refused += 1 }
        }
        #expect(ended > Self.rounds / 20 && refused > Self.rounds / 20)
    }
}
