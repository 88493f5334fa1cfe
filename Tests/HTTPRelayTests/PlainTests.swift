import CurlHTTP
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import ScriptedHTTP
import Testing

@testable import HTTPRelay

/// The short way, where it differs from the long one: see ``BothWaysTests``.
@Suite struct PlainTests {
    /// All that comes to one request.
    private func get(_ front: Front, _ path: String = "/") async -> String {
        let client = front.client()
        client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        return await client.readAll()
    }

    @Test func requestsGoThroughByteForByte() async throws {
        let server = ScriptedServer.answering { request, number in
            ScriptedServer.response(
                "\(number) \(request.method) \(request.target) \(request.text)",
                headers: ["X-A:  b", "Keep-Alive: 5", "Connection: keep-alive, X-Mine", "x-mine: 1", "Set-Cookie: c"])
        }
        let front = try await Way.short.front(to: server)
        let client = front.client()
        for number in 1...3 {
            client.send(
                "POST /v1/x%2Fy?q=%41&r HTTP/1.1\r\nHost: local\r\nconnection: Keep-Alive\r\nX-B:  c \r\nCookie: c\r\n"
                    + "Authorization: mine\r\nX-C:\r\nContent-Length: 2\r\n\r\n{}")
            let answer = await client.read(until: "{}")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("X-Plain: 1\r\n\r\n\(number) POST /v1/x%2Fy?q=%41&r {}"))
            #expect(answer.contains("X-A:  b\r\n"))
            for field in ["Keep-Alive", "x-mine", "Set-Cookie", "onnection"] { #expect(!answer.contains(field)) }
        }
        let headers = try #require(server.received.first?.headers)
        #expect(headers["x-b"] == "c" && headers["x-c"] == "" && headers["x-key"] == "0")
        #expect(headers["cookie"] == nil && headers["connection"] == nil && headers["authorization"] == nil)
        #expect(headers["host"] == "127.0.0.1:\(server.port)")
        #expect(server.connections == 1)
        await front.stop()
    }

    @Test func aSecondTryHasOtherFields() async throws {
        let server = ScriptedServer.answering { request, number in
            ScriptedServer.response(
                "\(request.headers["x-key"] ?? "") \(request.text)", status: number == 1 ? "401 No" : "200 OK")
        }
        let front = try await Way.short.front(to: server)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.read(until: "{}").hasSuffix("1 {}"))
        #expect(server.received.count == 2)
        await front.stop()
    }

    @Test func aRequestMayWaitForItsAdmission() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response(request.target) }
        let front = try await Way.short.front(to: server)
        let answer = await get(front, "/later")
        #expect(answer.contains("X-Plain: 1\r\n") && answer.hasSuffix("\r\n\r\n/later"))
        await front.stop()
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response("<\(request.target)>") }
        let front = try await Way.short.front(to: server)
        let client = front.client()
        client.send((1...20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        client.endInput()
        let answer = await client.readAll()
        let places = (1...20).compactMap { answer.firstRange(of: "</\($0)>")?.lowerBound }
        #expect(places.count == 20 && places == places.sorted())
        #expect(!answer.contains("299"))
        await front.stop()
    }

    /// A request may come in any pieces.
    @Test func requestsComeByteByByte() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response("got \(request.text)") }
        let front = try await Way.short.front(to: server)
        let client = front.client()
        for byte in Array("POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".utf8) {
            client.send([byte])
        }
        #expect(await client.read(until: "hello").hasSuffix("got hello"))
        await front.stop()
    }

    /// Right or wrong, it is the full front that looks at it; and at everything after it.
    @Test(arguments: [
        "HEAD / HTTP/1.1\r\nHost: x", "OPTIONS / HTTP/1.1\r\nHost: x", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close",
        "GET / HTTP/1.1\r\nHost: x\r\nOrigin: y", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: y",
        "GET / HTTP/1.1\r\nHost: x\r\nTE: trailers", "GET / HTTP/1.0\r\nHost: x",
        "GET / HTTP/1.1\r\nHost: x\r\nX: \u{e9}", "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, x",
        "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: y ",
    ])
    func whatIsNotPlainTakesTheLongWay(head: String) async throws {
        let server = ScriptedServer.answering { _, _ in ScriptedServer.response("short") }
        let front = try await Way.short.front(to: server)
        let answer = await front.answer(to: head + "\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 299 "))
        #expect(server.received.isEmpty)
        await front.stop()
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: ",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked", "Transfer-Encoding:\r\n chunked", "Content-Length : 5",
        "X: a\r\n b", "X: a\u{0}b", "X: a\u{1}b", "X: a\rb", "X y: 1", ": 1", "Host: second",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length: 1\nX: 2",
        "X: 1\nY: 2", "X: 1\n",
    ])
    func ambiguousRequestsAreRefused(fields: String) async throws {
        let server = ScriptedServer.answering { _, _ in ScriptedServer.response("short") }
        let front = try await Way.short.front(to: server)
        // After a request that was relayed, too.
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await client.read(until: "short").hasSuffix("short"))
        client.send(
            "POST / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        let answer = await client.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.ranges(of: "HTTP/1.1 ").count == 1)
        #expect(server.received.count == 1)
        await front.stop()
    }

    /// What libcurl lets pass.
    @Test(arguments: [
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n", "HTTP/1.1 200 OK\rXContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nX: 1",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0 200 X\r\nContent-Length: 0\r\n\r\n",
    ])
    func itsAnswersAreStricter(answer: String) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        let front = try await Way.short.front(to: server)
        let text = await get(front)
        #expect(text.hasPrefix("HTTP/1.1 502 "))
        #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
        #expect(server.received.count == 1)
        await front.stop()
    }

    /// However a chunked body is cut up by the way, it is the same body.
    @Test func chunksMayComeInAnyPieces() throws {
        let text = "4;a=\"b\"\r\nWiki\r\nA \r\n0123456789\r\n0\r\nX: y\r\n\r\nrest"
        for size in 1...text.utf8.count {
            var reader = ChunkReader()
            var waiting = ByteBuffer(string: text)
            var buffer = ByteBuffer()
            var body = ""
            reading: while true {
                switch try reader.next(&buffer) {
                case .data(let piece): body += String(buffer: piece)
                case .needsMore:
                    guard var more = waiting.readSlice(length: min(size, waiting.readableBytes)), more.readableBytes > 0
                    else { break reading }
                    buffer.writeBuffer(&more)
                case .end: break reading
                }
            }
            #expect(body == "Wiki0123456789")
            #expect(String(buffer: buffer) + String(buffer: waiting) == "rest")
        }
    }

    @Test(arguments: [
        "x\r\n", "\r\n", "-1\r\n", "1\n", "1\rx", "1x\r\n", "1\r\nab", "1\r\na\n", "0\r\n\rx", "0\r\nX: \u{1}\r\n",
        "1;\u{0}\r\n", "1000000000000\r\n", "0\r\nX: y\n\r\n",
    ])
    func brokenChunksAreNoBody(text: String) {
        var reader = ChunkReader()
        var buffer = ByteBuffer(string: text)
        #expect(throws: HTTPError.self) {
            while case .data = try reader.next(&buffer) {}
        }
    }
}
