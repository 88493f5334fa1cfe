import Dispatch
import Glibc
import ScriptedHTTP
import Synchronization
import Testing

/// Callers and servers that keep to the rules, and such that don't: what holds on the short way and on the long one.
@Suite struct BothWaysTests {
    private func get(_ front: Front) async -> String {
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        return await client.readAll()
    }

    /// The first byte goes on while the server still holds back the rest.
    @Test(arguments: Way.allCases)
    func bytesAreForwardedAsTheyCome(way: Way) async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n")
            gate.wait()
            peer.write("1\r\nb\r\n0\r\nX-Trailer: 1\r\n\r\n")
        }
        let front = try await way.front(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        #expect(await client.read(until: "\r\n\r\n1\r\na\r\n").hasSuffix("\r\n\r\n1\r\na\r\n"))
        gate.signal()
        #expect(await client.readAll() == "1\r\nb\r\n0\r\n\r\n")
        await front.stop()
    }

    @Test(
        arguments: Way.allCases,
        [
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
    func answersThatAreNoneBecome502(way: Way, answer: String) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        let front = try await way.front(to: server)
        let text = await get(front)
        #expect(text.hasPrefix("HTTP/1.1 502 "))
        #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
        #expect(server.received.count == 1)
        await front.stop()
    }

    @Test(arguments: Way.allCases)
    func aHeadWithoutEndBecomes502(way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X: \(String(repeating: "a", count: 10_000))\r\n") {}
        }
        let front = try await way.front(to: server)
        #expect(await get(front).contains("tooLarge"))
        await front.stop()
    }

    @Test(arguments: Way.allCases)
    func bytesThatAreNotUTF8AreAnswersToo(way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".utf8) + [0xFF, 0xFE, 0x41])
        }
        let front = try await way.front(to: server)
        #expect(await get(front).hasSuffix("\u{FFFD}\u{FFFD}A"))
        await front.stop()
    }

    @Test(
        arguments: Way.allCases,
        [
            "Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n",
        ])
    func anAnswerCutShortIsCutShort(way: Way, rest: String) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n" + rest)
        }
        let front = try await way.front(to: server)
        let answer = await get(front)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(!answer.hasSuffix("0\r\n\r\n") && (answer.hasSuffix("abc") || answer.hasSuffix("abc\r\n")))
        await front.stop()
    }

    /// What a server says beyond its answer, or between two, is never taken for the next answer; on the long way, between
    /// two, only because there is no next one on that connection.
    @Test(arguments: Way.allCases, [false, true])
    func whatNobodyAskedForIsNoAnswer(way: Way, comesLater: Bool) async throws {
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
        let front = try await way.front(to: server, keepsConnections: !comesLater)
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

    @Test(arguments: Way.allCases)
    func whatComesBeforeTheAnswerStaysHere(way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 204 No Content\r\n\r\n")
            _ = peer.readRequest()
        }
        let front = try await way.front(to: server)
        let answer = await get(front)
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n") && !answer.contains("Link"))
        #expect(!answer.contains("content-length") && !answer.contains("chunked") && answer.hasSuffix("\r\n\r\n"))
        await front.stop()
    }

    @Test(arguments: Way.allCases)
    func aBodyMayEndWithItsConnection(way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.0 200 OK\r\n\r\nabc")
        }
        let front = try await way.front(to: server)
        #expect(await get(front).hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        await front.stop()
    }

    @Test(arguments: Way.allCases)
    func aSilentServerIsGivenUp(way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitForClose()
        }
        let front = try await way.front(to: server, idle: .milliseconds(300))
        #expect(await get(front).contains("timedOut"))
        await front.stop()
    }

    /// A client that reads slowly holds the server back.
    @Test(arguments: Way.allCases)
    func anUnreadAnswerHoldsTheServerBack(way: Way) async throws {
        let written = Counter()
        let writer = Mutex<ScriptedServer.Peer?>(nil)
        let server = ScriptedServer { peer in
            guard let (request, _) = peer.readRequest() else { return }
            guard request.target == "/" else {
                peer.write(ScriptedServer.response("done"))
                return
            }
            writer.withLock { $0 = peer }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            let block = [UInt8](repeating: 0x61, count: 100_000)
            while written.value < 100_000_000, peer.write(block) { written.add(block.count) }
            written.end()
        }
        let front = try await way.front(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        await front.standsStill(written) { writer.withLock { $0?.canWrite(milliseconds: 0) == false } }
        #expect(written.value < 50_000_000)
        #expect(await client.readAll().utf8.count > 100_000_000)
        #expect(written.value == 100_000_000)
        await front.stop()
    }

    @Test(arguments: Way.allCases)
    func aClientThatGoesAwayEndsTheExchange(way: Way) async throws {
        let gone = Counter()
        let got = Counter()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            got.end()
            peer.waitForClose()
            gone.end()
        }
        let front = try await way.front(to: server)
        var client: RawClient? = front.client()
        client?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await got.ended()
        client = nil
        await gone.ended()
        await front.stop()
    }
}
