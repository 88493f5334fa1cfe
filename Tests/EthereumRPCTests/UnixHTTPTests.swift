import Fuzzing
import ScriptedHTTP
import Testing

@testable import UnixHTTP

@Suite struct UnixHTTPTests {
    private func ask(
        _ server: ScriptedServer, method: String = "GET", target: String = "/v1/key", body: [UInt8]? = nil,
        limit: Int = 1 << 20, milliseconds: Int = 10_000
    ) throws(UnixHTTPError) -> UnixHTTPResponse {
        let deadline = Deadline.after(milliseconds: milliseconds)
        var connection = try UnixHTTPConnection(path: server.path ?? "", deadline: deadline)
        return try connection.request(method: method, target: target, body: body, limit: limit, deadline: deadline)
    }

    private func raw(_ answer: String) -> ScriptedServer {
        .answering(unixPath: temporarySocketPath()) { _, _ in answer }
    }

    @Test func readsAnAnswerWithALengthAndKeepsTheConnection() throws {
        let server = ScriptedServer.answering(unixPath: temporarySocketPath()) { request, number in
            ScriptedServer.response(request.method + request.target + request.text, headers: ["X-N: \(number)"])
        }
        let deadline = Deadline.after(milliseconds: 10_000)
        var connection = try UnixHTTPConnection(path: server.path ?? "", deadline: deadline)
        let first = try connection.request(method: "GET", target: "/a?b=c", deadline: deadline)
        #expect(first.status == 200)
        #expect(first.body == Array("GET/a?b=c".utf8))
        #expect(first.head["x-n"] == "1")
        let second = try connection.request(method: "POST", target: "/", body: Array("secret".utf8), deadline: deadline)
        #expect(second.body == Array("POST/secret".utf8))
        #expect(server.connections == 1)
        #expect(server.received[0].headers["host"] == "localhost")
    }

    @Test func readsChunksWithExtensionsAndTrailer() throws {
        let server = raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\n005\r\npedia\r\n0\r\nX: y\r\n\r\n")
        #expect(try ask(server).body == Array("Wikipedia".utf8))
    }

    @Test func passesInterimAnswersOver() throws {
        let server = raw("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        #expect(try ask(server).status == 204)
    }

    @Test func readsUntilTheConnectionEndsWhereTheServerSaysSo() throws {
        let server = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        }
        #expect(try ask(server).body == Array("all of it".utf8))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \u{1}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nno length, no close",
        "{\"this\":\"is not HTTP\"}\r\n\r\n\r\n",
    ])
    func refusesAnAnswerThatIsNotStrictHTTP(answer: String) {
        #expect(throws: UnixHTTPError.self) { try ask(raw(answer)) }
        do throws(UnixHTTPError) {
            _ = try ask(raw(answer))
        } catch {
            #expect(error.code == .malformedResponse)
        }
    }

    @Test func refusesWhatIsTooLarge() throws {
        #expect { try ask(raw(ScriptedServer.response(String(repeating: "x", count: 1000))), limit: 999) } throws: {
            ($0 as? UnixHTTPError)?.code == .tooLarge
        }
        let endless = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X: \(String(repeating: "y", count: 500))\r\n") {}
        }
        #expect { try ask(endless) } throws: { ($0 as? UnixHTTPError)?.code == .tooLarge }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ])
    func noticesAnAnswerCutShort(answer: String) {
        let server = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        #expect { try ask(server) } throws: { ($0 as? UnixHTTPError)?.code == .closed }
    }

    @Test func aSlowDripEndsAtTheDeadline() {
        let server = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while !peer.waitForClose(milliseconds: 20), peer.write("x") {}
        }
        #expect { try ask(server, milliseconds: 200) } throws: { ($0 as? UnixHTTPError)?.code == .timedOut }
    }

    @Test func readsTheRefusalOfAServerThatDoesNotTakeTheBody() throws {
        let server = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            shutdownReading(peer)
            peer.waitForClose()
        }
        #expect(try ask(server, method: "POST", body: [UInt8](repeating: 1, count: 1 << 22)).status == 413)
    }

    @Test func saysWhyThereIsNoConnection() {
        #expect { _ = try UnixHTTPConnection(path: "/nonexistent/socket", deadline: .never) } throws: {
            ($0 as? UnixHTTPError)?.code == .notReachable(2)
        }
        #expect {
            _ = try UnixHTTPConnection(path: "/" + String(repeating: "x", count: 200), deadline: .never)
        } throws: {
            ($0 as? UnixHTTPError)?.code == .invalidRequest
        }
    }

    @Test(arguments: [("G ET", "/"), ("GET", "x"), ("GET", "/a b"), ("GET", "/a\r\nX: y"), ("", "/")])
    func refusesARequestThatWouldNotBeOne(method: String, target: String) {
        #expect { try ask(raw(ScriptedServer.response("")), method: method, target: target) } throws: {
            ($0 as? UnixHTTPError)?.code == .invalidRequest
        }
    }

    @Test func streamsEventsAsTheyCome() throws {
        let server = ScriptedServer(unixPath: temporarySocketPath()) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n")
            let events =
                ": hello\n\nevent: key\ndata: {\"a\":1,\ndata: \"b\":2}\nid: 7\n\ndata:x\r\n\r\nevent: empty\n\n"
            for byte in events.utf8 { peer.write("1\r\n" + String(UnicodeScalar(byte)) + "\r\n") }
            peer.write("0\r\n\r\n")
        }
        let deadline = Deadline.after(milliseconds: 10_000)
        var connection = try UnixHTTPConnection(path: server.path ?? "", deadline: deadline)
        _ = try connection.send(method: "GET", target: "/v1/watch", deadline: deadline)
        var parser = EventStreamParser()
        #expect(
            try connection.nextEvent(&parser, deadline: deadline)
                == ServerSentEvent(event: "key", data: Array("{\"a\":1,\n\"b\":2}".utf8), id: "7"))
        #expect(
            try connection.nextEvent(&parser, deadline: deadline) == ServerSentEvent(data: Array("x".utf8), id: "7"))
        #expect(try connection.nextEvent(&parser, deadline: deadline) == nil)
        let isReusable = connection.isReusable
        #expect(isReusable)
    }

    @Test func splitsLinesAcrossPieces() throws {
        let server = raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n6\r\n\ntwo\r\n\r\n5\r\n\nlast\r\n0\r\n\r\n"
        )
        let deadline = Deadline.after(milliseconds: 10_000)
        var connection = try UnixHTTPConnection(path: server.path ?? "", deadline: deadline)
        _ = try connection.send(method: "GET", target: "/", deadline: deadline)
        var lines: [String] = []
        while let line = try connection.nextLine(deadline: deadline) {
            lines.append(String(decoding: line, as: UTF8.self))
        }
        #expect(lines == ["one", "two", "", "last"])
    }

    /// Splitting the same bytes anywhere must not change what comes out, and no input may crash the parsers.
    @Test func survivesRandomAndMutatedAnswers() {
        var generator = Randomness(seed: announcedSeed("HTTP fuzz"))
        let seeds = [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nX: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: b\r\n\r\nhello, world",
        ].map { Array($0.utf8) }
        for _ in 0..<fuzzRounds {
            var bytes = seeds[Int(generator.next() % 2)]
            for _ in 0..<Int(generator.next() % 4) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            let whole = decode(bytes, pieces: bytes.count)
            let split = decode(bytes, pieces: 1 + Int(generator.next() % 7))
            if whole != split { Issue.record("split input decodes differently: \(bytes)") }
        }
    }

    private func decode(_ bytes: [UInt8], pieces: Int) -> String {
        do throws(UnixHTTPError) {
            var searched = 0
            guard let count = try HeadParser.end(of: bytes.span, searched: &searched) else { return "no head" }
            let head = try HeadParser.parse(bytes.span, count: count)
            var decoder = BodyDecoder(try BodyFraming(method: "GET", head: head))
            var position = count
            var limit = count
            var payload: [UInt8] = []
            while true {
                switch try decoder.step(bytes.span, from: &position, limit: limit) {
                case .payload(let range): payload += bytes[range]
                case .end: return "\(payload)"
                case .needInput:
                    if limit == bytes.count { return "cut: \(payload)" }
                    limit = min(bytes.count, limit + pieces)
                }
            }
        } catch {
            return "\(error.code)"
        }
    }
}
