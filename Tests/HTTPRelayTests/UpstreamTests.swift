import ScriptedHTTP
import Testing

/// The long way, where it differs from the short one: see ``BothWaysTests``.
@Suite struct UpstreamTests {
    @Test func requestsGoThroughByteForByte() async throws {
        let server = ScriptedServer.answering { request, _ in
            ScriptedServer.response(
                "\(request.method) \(request.target) \(request.text)", headers: ["X-A: b", "Keep-Alive: 5"])
        }
        let front = try await Way.long.front(to: server)
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

    @Test func anUploadIsForwardedAsItComes() async throws {
        let got = Counter()
        let server = ScriptedServer { peer in
            guard let (request, _) = peer.readRequest() else { return }
            got.end()
            peer.write(ScriptedServer.response(request.headers["transfer-encoding"] ?? "none"))
            peer.waitForClose()
        }
        let front = try await Way.long.front(to: server)
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
        let front = try await Way.long.front(to: server)
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
        let front = try await Way.long.front(to: server)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.read(until: "first").hasSuffix("first"))
        client.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        #expect(await client.readAll().contains("502"))
        #expect(server.received.count == 2)
        await front.stop()
    }
}
