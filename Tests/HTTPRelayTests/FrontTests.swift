import CurlHTTP
import HTTPRelay
import ScriptedHTTP
import Testing

/// The server side, with clients that keep to the rules and clients that don't.
@Suite struct FrontTests {
    private static let last = "Host: x\r\nConnection: close\r\n"

    @Test func answersAndKeepsTheConnection() async throws {
        let front = try await Front(echo)
        let client = front.client()
        client.send("POST /v1/a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        let first = await client.read(until: "hello")
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(first.contains("content-length: 20\r\n"))
        #expect(first.hasSuffix("\r\n\r\nPOST /v1/a?b=c hello"))
        client.send("GET /two HTTP/1.1\r\n\(Self.last)\r\n")
        let second = await client.readAll()
        #expect(second.contains("connection: close\r\n"))
        #expect(second.hasSuffix("GET /two "))
        await front.stop()
    }

    @Test func takesChunksAndDropsTrailers() async throws {
        let front = try await Front(echo)
        let answer = await front.answer(
            to:
                "POST / HTTP/1.1\r\n\(Self.last)Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
        )
        #expect(answer.hasSuffix("POST / abcde"))
        await front.stop()
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        let front = try await Front(echo)
        let answer = await front.answer(
            to: "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
                + "POST /3 HTTP/1.1\r\n\(Self.last)Content-Length: 1\r\n\r\nc")
        let places = ["POST /1 a", "GET /2 ", "POST /3 c"].compactMap { answer.firstRange(of: $0)?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
        await front.stop()
    }

    @Test func aHalfClosedClientGetsItsAnswer() async throws {
        let front = try await Front(echo)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        client.endInput()
        #expect(await client.readAll().hasSuffix("POST / hi"))
        await front.stop()
    }

    @Test func asksForABodyOnlyWhenItIsWanted() async throws {
        let front = try await Front(echo)
        let client = front.client()
        client.send("POST / HTTP/1.1\r\n\(Self.last)Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(await client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("hi")
        #expect(await client.readAll().hasSuffix("POST / hi"))
        let deaf = try await Front(Closure { _, answer in answer.send(RelayAnswer(status: 403)) })
        let refused = deaf.client()
        refused.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        let answer = await refused.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 403 "))
        #expect(answer.contains("connection: close"))
        await deaf.stop()
        await front.stop()
    }

    @Test func headHasALengthAndNoBody() async throws {
        let front = try await Front(echo)
        let answer = await front.answer(to: "HEAD /abc HTTP/1.1\r\n\(Self.last)\r\n")
        #expect(answer.contains("content-length: 10\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
        await front.stop()
    }

    @Test func anOldClientGetsABodyThatEndsWithTheConnection() async throws {
        let front = try await Front(
            Closure { _, answer in
                answer.start(status: 200, headers: [])
                try? await answer.write(Array("abc".utf8))
                answer.finish()
            })
        let old = await front.answer(to: "GET / HTTP/1.0\r\n\r\n")
        #expect(!old.contains("chunked"))
        #expect(old.hasSuffix("\r\n\r\nabc"))
        #expect(await front.answer(to: "GET / HTTP/1.1\r\n\(Self.last)\r\n").hasSuffix("3\r\nabc\r\n0\r\n\r\n"))
        await front.stop()
    }

    /// Where two readers could see two different requests there is none.
    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: ",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding:\r\n chunked",
        "X: a\r\n b", "X: a\u{0}b", "X: a\u{1}b", "X: a\rb", "X y: 1", ": 1", "Host: second",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length: 1\nX: 2",
    ])
    func ambiguousRequestsAreRefused(fields: String) async throws {
        let front = try await Front(echo)
        let answer = await front.answer(
            to: "POST / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(!answer.contains("smuggled"))
        #expect(answer.ranges(of: "HTTP/1.1 ").count == 1)
        await front.stop()
    }

    @Test(arguments: [
        "GET http://x/ HTTP/1.1\r\nHost: x", "GET * HTTP/1.1\r\nHost: x", "CONNECT x:1 HTTP/1.1\r\nHost: x",
        "GET / HTTP/1.1", "GET / HTTP/2.0\r\nHost: x", "GET /#f HTTP/1.1\r\nHost: x",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x",
        "TRACE / HTTP/1.1\r\nHost: x", "\u{16}\u{3}\u{1}",
        "GET /\u{e9} HTTP/1.1\r\nHost: x",
    ])
    func whatIsNoRequestIsRefused(head: String) async throws {
        let front = try await Front(echo)
        #expect(await front.answer(to: head + "\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        await front.stop()
    }

    @Test func whatIsTooLargeIsRefused() async throws {
        var limits = RelayLimits()
        limits.bodyBytes = 1000
        limits.headBytes = 4096
        limits.headerCount = 10
        let front = try await Front(limits: limits, echo)
        let long = String(repeating: "a", count: 5000)
        #expect(await front.answer(to: "GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        #expect(await front.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        let many = (0..<20).map { "X-\($0): 1\r\n" }.joined()
        #expect(await front.answer(to: "GET / HTTP/1.1\r\nHost: x\r\n\(many)\r\n").hasPrefix("HTTP/1.1 431 "))
        let huge = String(repeating: "a", count: 200_000)
        #expect(await front.answer(to: "GET / HTTP/1.1\r\nHost: x\r\nX: \(huge)\r\n\r\n").contains("431"))
        #expect(
            await front.answer(to: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n\(long)").contains(
                " 413 "))
        // In chunks nothing is announced; it is found out on the way.
        let chunk = "3e8\r\n\(String(repeating: "a", count: 1000))\r\n"
        let answer = await front.answer(
            to: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)0\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        await front.stop()
    }

    /// A client that sends more than anybody reads is held back, not buffered for.
    @Test func anUnreadBodyHoldsTheClientBack() async throws {
        let (stream, gate) = AsyncStream.makeStream(of: Void.self)
        let front = try await Front(
            Closure { request, answer in
                for await _ in stream { break }
                var count = 0
                do { for try await piece in request.body { count += piece.count } } catch { return answer.cut() }
                answer.send(RelayAnswer(status: 200, body: Array("\(count)".utf8)))
            })
        let client = front.client()
        client.send("POST / HTTP/1.1\r\n\(Self.last)Content-Length: 33554432\r\n\r\n")
        let sent = client.sendAsMuchAsFits(32 << 20)
        #expect(sent < 8 << 20)
        gate.yield()
        #expect(client.send([UInt8](repeating: 0x61, count: (32 << 20) - sent)))
        #expect(await client.readAll().hasSuffix("33554432"))
        await front.stop()
    }

    /// A client that reads slowly holds the writer back.
    @Test func anUnreadAnswerHoldsTheWriterBack() async throws {
        let written = Counter()
        let front = try await Front(
            Closure { request, answer in
                if request.target == "/turn" { return answer.send(RelayAnswer(status: 200)) }
                answer.start(status: 200, headers: [])
                let block = [UInt8](repeating: 0x61, count: 64 << 10)
                do {
                    while true {
                        try await answer.write(block)
                        written.add(block.count)
                    }
                } catch { written.end() }
            })
        var client: RawClient? = front.client()
        client?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = await client?.read(until: "aaaa")
        await front.standsStill(written)
        #expect(written.value < 8 << 20)
        client = nil
        await written.ended()
        await front.stop()
    }

    @Test func aClientThatGoesAwayEndsItsRequest() async throws {
        let ended = Counter()
        let started = Counter()
        let front = try await Front(
            Closure { _, _ in
                started.end()
                try? await Task.sleep(for: .seconds(600))
                #expect(Task.isCancelled)
                ended.end()
            })
        var client: RawClient? = front.client()
        client?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.ended()
        client = nil
        await ended.ended()
        await front.stop()
    }

    @Test func anAnswerThatIsNotFinishedIsCutVisibly() async throws {
        let front = try await Front(
            Closure { _, answer in
                answer.start(status: 200, headers: [])
                try? await answer.write(Array("abc".utf8))
            })
        #expect(await front.answer(to: "GET / HTTP/1.1\r\nHost: x\r\n\r\n").hasSuffix("3\r\nabc\r\n"))
        let silent = try await Front(Closure { _, _ in })
        #expect(await silent.answer(to: "GET / HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 500 "))
        await silent.stop()
        await front.stop()
    }

    @Test func aHeadOrBodyThatDoesNotComeIsGivenUp() async throws {
        var limits = RelayLimits()
        limits.idleSeconds = 1
        limits.stallSeconds = 1
        let front = try await Front(limits: limits, echo)
        let slow = front.client()
        slow.send("GET / HTTP/1.1\r\nHost:")
        #expect(await slow.readAll() == "")
        #expect(
            await front.answer(to: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab").hasPrefix(
                "HTTP/1.1 408 "))
        await front.stop()
    }

    @Test func fieldsOfTheConnectionEndHere() {
        let fields = [
            ("Connection", "close, X-Private"), ("X-Private", "1"), ("Keep-Alive", "1"), ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"), ("Upgrade", "h2c"), ("Content-Length", "5"), ("Proxy-Authorization", "x"),
            ("Cookie", "c"), ("X-Public", "2"), ("Trailer", "X"), ("Expect", "100-continue"),
        ].map { HTTPField($0.0, $0.1) }
        #expect(HopByHop.strip(fields, dropping: ["cookie"]) == [HTTPField("X-Public", "2")])
    }
}
