import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import OrakeyGateway

@Suite struct PlainAuthTests {
    private func recognise(_ text: String) -> PlainAuth.Finding {
        Array(text.utf8).withUnsafeBytes { PlainAuth.recognise($0) }
    }

    private func authorization(_ text: String) -> String? {
        guard case .request(let request) = recognise(text), let range = request.authorization else { return nil }
        return String(decoding: Array(text.utf8)[range], as: UTF8.self)
    }

    @Test func thePlainFormIsRecognised() {
        let text = "GET /auth HTTP/1.1\r\nHost: a\r\nAuthorization:  Bearer BASE:x \r\nX-Other: 1\r\n\r\n"
        guard case .request(let request) = recognise(text + "GET /more") else {
            Issue.record("not recognised")
            return
        }
        #expect(request.count == text.utf8.count)
        #expect(!request.isNginx)
        #expect(authorization(text) == "Bearer BASE:x")
        #expect(authorization(text.replacing("Authorization", with: "aUTHORIZATION")) == "Bearer BASE:x")
        guard case .request(let nginx) = recognise("GET /auth?nginx=1 HTTP/1.1\r\nHost: a\r\n\r\n") else {
            Issue.record("not recognised")
            return
        }
        #expect(nginx.isNginx && nginx.authorization == nil)
    }

    @Test func everyBeginningOfOneIsIncomplete() {
        let text = "GET /auth?nginx=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer BASE:x\r\n\r\n"
        for count in 1..<text.count { #expect(recognise(String(text.prefix(count))) == .incomplete, "\(count)") }
    }

    @Test(arguments: [
        "POST /auth HTTP/1.1\r\nHost: a\r\n\r\n", "GET /authx HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /auth HTTP/1.0\r\nHost: a\r\n\r\n", "GET /auth?nginx=2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /auth HTTP/1.1\r\n\r\n", "GET /auth HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: x\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET /auth HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "GET /auth HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\nX_Y: b\r\n\r\n", "GET /auth HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\n\r\n",
        "GET /auth HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "GET /auth HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n",
    ])
    func everythingElseIsTheParsers(text: String) {
        #expect(recognise(text) == .other)
    }

    @Test func aLongHeadIsTheParsers() {
        let text = "GET /auth HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: PlainAuth.mostBytes)
        #expect(recognise(text) == .other)
    }

    /// What is recognised here, NIO's parser understands in the same way: one request, these credentials, no body.
    @Test(arguments: 0..<20) func theParserAgrees(run: Int) throws {
        let good = "GET /auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer BASE:abc\r\nX-Other: 1\r\n\r\n"
        for _ in 0..<500 {
            var bytes = Array(good.utf8)
            for _ in 0..<Int.random(in: 1...3) {
                let place = Int.random(in: 0..<bytes.count)
                switch Int.random(in: 0..<3) {
                case 0: bytes[place] = Array(" \t\r\n:\0aB,;\u{7f}".utf8).randomElement() ?? 0
                case 1: bytes.insert(UInt8.random(in: 0...255), at: place)
                default: bytes.remove(at: place)
                }
            }
            guard case .request(let request) = bytes.withUnsafeBytes({ PlainAuth.recognise($0) }) else { continue }
            let channel = EmbeddedChannel()
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
            try channel.writeInbound(ByteBuffer(bytes: bytes[..<request.count]))
            guard case .head(let head)? = try channel.readInbound(as: HTTPServerRequestPart.self) else {
                Issue.record("no head: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                continue
            }
            #expect(head.uri == "/auth" && head.method == .GET)
            let found = request.authorization.map { String(decoding: bytes[$0], as: UTF8.self) }
            // Blanks after a value are no part of it (RFC 9110, section 5.5); the parser leaves them.
            let parsed = head.headers["authorization"].map { String($0.reversed().drop { $0 == " " }.reversed()) }
            #expect(parsed == (found.map { [$0] } ?? []))
            guard case .end(nil)? = try channel.readInbound(as: HTTPServerRequestPart.self) else {
                Issue.record("a body: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                continue
            }
            _ = try? channel.finish()
        }
    }
}
