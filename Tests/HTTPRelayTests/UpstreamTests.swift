import CurlHTTP
import Dispatch
import Glibc
import HTTPRelay
import ScriptedHTTP
import Testing

/// Both sides together, with servers that keep to the rules and servers that don't.
@Suite struct UpstreamTests {
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

    private func relay(to server: ScriptedServer, idle: Duration = .seconds(120)) async throws -> Front {
        try await Front(
            Relay(upstream: Upstream(try HTTPURL(server.url), client: try HTTPClient(), idle: idle)))
    }

    private func get(_ front: Front) async -> String {
        await front.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    }

    @Test func requestsGoThroughByteForByte() async throws {
        let server = ScriptedServer.answering { request, _ in
            ScriptedServer.response(
                "\(request.method) \(request.target) \(request.text)", headers: ["X-A: b", "Keep-Alive: 5"])
        }
        let front = try await relay(to: server)
        let answer = await front.answer(
            to: "POST /v1/x%2Fy?q=%41&r HTTP/1.1\r\nHost: local\r\nConnection: close, x-secret\r\nX-Secret: 1\r\n"
                + "Cookie: c\r\nX-B: c\r\nContent-Length: 2\r\n\r\n{}")
        #expect(answer.hasSuffix("POST /v1/x%2Fy?q=%41&r {}"))
        #expect(answer.contains("X-A: b\r\n"))
        #expect(!answer.contains("Keep-Alive"))
        let headers = try #require(server.received.first?.headers)
        #expect(headers["x-b"] == "c")
        #expect(headers["x-secret"] == nil && headers["cookie"] == nil && headers["connection"] == nil)
        #expect(headers["host"] == "127.0.0.1:\(server.port)")
        #expect(headers["content-type"] == nil)
        await front.stop()
    }

    /// The first byte goes on while the server still holds back the rest.
    @Test func bytesAreForwardedAsTheyCome() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            gate.wait()
            peer.write("1\r\nb\r\n0\r\nX-Trailer: 1\r\n\r\n")
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await client.read(until: "\r\n\r\n1\r\na\r\n").hasSuffix("\r\n\r\n1\r\na\r\n"))
        gate.signal()
        #expect(await client.readAll() == "1\r\nb\r\n0\r\n\r\n")
        await front.stop()
    }

    @Test func anUploadIsForwardedAsItComes() async throws {
        let got = Counter()
        let server = ScriptedServer { peer in
            guard let (request, _) = peer.readRequest() else { return }
            got.end()
            peer.write(ScriptedServer.response(request.headers["transfer-encoding"] ?? "none"))
            peer.waitForClose()
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        // Its head is there before the body's end is.
        await got.ended()
        client.send("0\r\n\r\n")
        #expect(await client.read(until: "chunked").hasSuffix("chunked"))
        await front.stop()
    }

    @Test func aLargeUploadArrivesWhole() async throws {
        let server = ScriptedServer.answering { request, _ in ScriptedServer.response("\(request.body.count)") }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n")
        client.send([UInt8](repeating: 7, count: 9_000_000))
        #expect(await client.readAll().hasSuffix("9000000"))
        #expect(server.received.first?.method == "PUT")
        await front.stop()
    }

    /// A kept connection that dies under a request with a body: the server may have acted on it.
    @Test func nothingIsSentTwice() async throws {
        let server = ScriptedServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write(ScriptedServer.response("first"))
            _ = peer.readRequest()
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.read(until: "first").hasSuffix("first"))
        client.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.readAll().contains("502"))
        #expect(server.received.count == 2)
        await front.stop()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\u{1}b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y: 1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 abc X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello", "SSH-2.0-x\r\n", "",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nX: \u{0}\r\nContent-Length: 0\r\n\r\n",
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
        await front.stop()
    }

    @Test func bytesThatAreNotUTF8AreAnswersToo() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".utf8) + [0xFF, 0xFE, 0x41])
        }
        let front = try await relay(to: server)
        #expect(await get(front).hasSuffix("\u{FFFD}\u{FFFD}A"))
        await front.stop()
    }

    @Test func informationalAnswersStayBetweenRelayAndServer() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                    + ScriptedServer.response("ok"))
        }
        let front = try await relay(to: server)
        let answer = await get(front)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && !answer.contains("Link"))
        await front.stop()
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
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

    @Test func whatFollowsTheLengthIsNoAnswer() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            _ = peer.readRequest()
        }
        let front = try await relay(to: server)
        let client = front.client()
        client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await client.read(until: "ok").hasSuffix("ok"))
        client.send("GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await !client.readAll().contains("evil"))
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
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
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
}
