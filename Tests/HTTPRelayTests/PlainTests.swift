import CurlHTTP
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import ScriptedHTTP
import Testing

@testable import HTTPRelay

/// The short way, with callers and servers that keep to the rules and such that don't.
@Suite struct PlainTests {
    /// What the full front would do with it.
    private static let long = Closure { request, answer in
        var body: [UInt8] = []
        do throws(RequestProblem) {
            for try await piece in request.body { body += piece }
            answer.send(RelayAnswer(status: 299, body: Array("\(request.target) \(body.count)".utf8)))
        } catch {
            answer.send(RelayAnswer(status: error.status, body: []))
        }
    }

    private func relay(to server: ScriptedServer, idle: Duration = .seconds(120)) async throws -> Front {
        let upstream = try #require(PlainUpstream(try HTTPURL(server.url), idle: idle))
        var limits = RelayLimits()
        limits.wasteSeconds = 2
        return try await Front(limits: limits, plain: (Everything(), upstream), Self.long)
    }

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
        let front = try await relay(to: server)
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
        let front = try await relay(to: server)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.read(until: "{}").hasSuffix("1 {}"))
        #expect(server.received.count == 2)
        await front.stop()
    }

    @Test func aRequestMayWaitForItsAdmission() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response(request.target) }
        let front = try await relay(to: server)
        let answer = await get(front, "/later")
        #expect(answer.contains("X-Plain: 1\r\n") && answer.hasSuffix("\r\n\r\n/later"))
        await front.stop()
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response("<\(request.target)>") }
        let front = try await relay(to: server)
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
        let front = try await relay(to: server)
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
        let front = try await relay(to: server)
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
        let front = try await relay(to: server)
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

    @Test func bytesAreForwardedAsTheyCome() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n")
            gate.wait()
            peer.write("1\r\nb\r\n0\r\nX-Trailer: 1\r\n\r\n")
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        #expect(await client.read(until: "\r\n\r\n1\r\na\r\n").hasSuffix("\r\n\r\n1\r\na\r\n"))
        gate.signal()
        #expect(await client.readAll() == "1\r\nb\r\n0\r\n\r\n")
        await front.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\rXContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX: a\u{1}b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y: 1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 abc X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0 200 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello", "SSH-2.0-x\r\n", "",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nX: \u{0}\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX: 1",
        "HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
    ])
    func answersThatAreNoneBecome502(answer: String) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        let front = try await relay(to: server)
        let text = await get(front)
        #expect(text.hasPrefix("HTTP/1.1 502 "))
        #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
        #expect(server.received.count == 1)
        await front.stop()
    }

    @Test func aHeadWithoutEndBecomes502() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X: \(String(repeating: "a", count: 10_000))\r\n") {}
        }
        let front = try await relay(to: server)
        #expect(await get(front).contains("tooLarge"))
        await front.stop()
    }

    @Test(arguments: [
        "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n",
    ])
    func anAnswerCutShortIsCutShort(rest: String) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n" + rest)
        }
        let front = try await relay(to: server)
        let answer = await get(front)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(!answer.hasSuffix("0\r\n\r\n") && (answer.hasSuffix("abc") || answer.hasSuffix("abc\r\n")))
        await front.stop()
    }

    /// What a server says beyond its answer, or between two, is never taken for the next answer.
    @Test(arguments: [false, true])
    func whatNobodyAskedForIsNoAnswer(comesLater: Bool) async throws {
        let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        let (gate, isSaid) = (DispatchSemaphore(value: 0), Counter())
        let server = ScriptedServer { peer in
            while let (_, number) = peer.readRequest() {
                guard number == 1 else {
                    peer.write(ScriptedServer.response("good"))
                    continue
                }
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + (comesLater ? "" : evil))
                if comesLater {
                    gate.wait()
                    peer.write(evil)
                }
                isSaid.end()
            }
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await client.read(until: "ok").hasSuffix("ok"))
        gate.signal()
        await isSaid.ended()
        client.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = await client.read(until: "good")
        #expect(answer.hasSuffix("good") && !answer.contains("evil"))
        #expect(server.connections == 2)
        await front.stop()
    }

    @Test func whatComesBeforeTheAnswerStaysHere() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 204 No Content\r\n\r\n")
            _ = peer.readRequest()
        }
        let front = try await relay(to: server)
        let answer = await get(front)
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n") && !answer.contains("Link"))
        #expect(!answer.contains("content-length") && !answer.contains("chunked") && answer.hasSuffix("\r\n\r\n"))
        await front.stop()
    }

    @Test func aBodyMayEndWithItsConnection() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.0 200 OK\r\n\r\nabc")
        }
        let front = try await relay(to: server)
        #expect(await get(front).hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        await front.stop()
    }

    @Test func aSilentServerIsGivenUp() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitForClose()
        }
        let front = try await relay(to: server, idle: .milliseconds(300))
        #expect(await get(front).contains("timedOut"))
        await front.stop()
    }

    /// A client that reads slowly holds the server back.
    @Test func anUnreadAnswerHoldsTheServerBack() async throws {
        let written = Counter()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            let block = [UInt8](repeating: 0x61, count: 100_000)
            while written.value < 100_000_000, peer.write(block) { written.add(block.count) }
            written.end()
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        await written.standsStill()
        #expect(written.value < 50_000_000)
        #expect(await client.readAll().utf8.count > 100_000_000)
        #expect(written.value == 100_000_000)
        await front.stop()
    }

    @Test func aClientThatGoesAwayEndsTheExchange() async throws {
        let gone = Counter()
        let got = Counter()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            got.end()
            peer.waitForClose()
            gone.end()
        }
        let front = try await relay(to: server)
        var client: RawClient? = front.client()
        client?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await got.ended()
        client = nil
        await gone.ended()
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
