import CurlHTTP
import Dispatch
import Glibc
import NIOCore
import ScriptedHTTP
import Synchronization
import Testing

@testable import HTTPRelay

/// The connections of the short way: what becomes of those that wait, that end, and that are used again.
@Suite struct PlainLinkTests {
    private func front(
        to server: ScriptedServer, stallSeconds: Int64 = 60,
        now: @escaping @Sendable () -> NIODeadline = { .now() },
        onAdmission: @escaping @Sendable (PlainRequest) -> Void = { _ in }
    ) async throws -> Front {
        let url = try server.path.map { try HTTPURL(unixSocketPath: $0) } ?? HTTPURL(server.url)
        let upstream = try #require(PlainUpstream(url, now: now))
        var limits = RelayLimits()
        limits.stallSeconds = stallSeconds
        limits.answerHighWater = 8_000_000
        return try await Front(limits: limits, plain: (Everything(onAdmission: onAdmission), upstream), echo)
    }

    /// A caller that has said all and takes nothing of its answer does not keep its connection.
    @Test func anAnswerThatNobodyTakesIsGivenUp() async throws {
        let body = String(repeating: "a", count: 4_000_000)
        let server = ScriptedServer.answering { _, _ in ScriptedServer.response(body) }
        let front = try await front(to: server, stallSeconds: 1)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        #expect(await client.hangsUp())
        let answer = await client.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.utf8.count < body.utf8.count)
        await front.stop()
    }

    @Test func aServerMayListenOnAUnixSocket() async throws {
        let server = ScriptedServer.answering(unixPath: temporarySocketPath()) { request, _ in
            ScriptedServer.response("\(request.headers["host"] ?? "") \(request.target)")
        }
        let front = try await front(to: server)
        let client = front.client()
        for path in ["/1", "/2"] {
            client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await client.read(until: path).hasSuffix("localhost \(path)"))
        }
        #expect(server.connections == 1)
        await front.stop()
    }

    /// A server that ends kept connections after a while would end one just as a request goes out on it.
    @Test func aKeptLinkIsNotKeptForEver() async throws {
        let time = Mutex(NIODeadline.now())
        let closed = Counter()
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.write(ScriptedServer.response("<\(peer.connection)>")) }
            closed.end()
        }
        let front = try await front(to: server, now: { time.withLock { time in time } })
        let client = front.client()
        for (pause, connection) in [(UpstreamPool.keptFor, 1), (UpstreamPool.keptFor + .nanoseconds(1), 2)] {
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await client.read(until: ">").hasSuffix("<1>"))
            time.withLock { $0 = $0 + pause }
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await client.read(until: ">").hasSuffix("<\(connection)>"))
        }
        await closed.ended()
        #expect(server.connections == 2)
        await front.stop()
    }

    /// What came while the event loop was busy is not read yet when the next request asks for a connection: words that
    /// would be its answer, or the connection's end.
    @Test(arguments: [false, true], ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", ""])
    func aKeptLinkIsAskedForWhatNobodyRead(isUnix: Bool, said: String) async throws {
        let (isAdmitting, isSaid) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = ScriptedServer(unixPath: isUnix ? temporarySocketPath() : nil) { peer in
            while let (request, _) = peer.readRequest() {
                peer.write(ScriptedServer.response("good \(request.target)"))
                guard request.target == "/1" else { continue }
                isAdmitting.wait()
                // Not by closing: a child that another test is just starting has the descriptor as well.
                if said.isEmpty { shutdown(peer.descriptor, Int32(SHUT_RDWR)) } else { peer.write(said) }
                isSaid.signal()
                if said.isEmpty { return }
            }
        }
        let front = try await front(
            to: server,
            onAdmission: { request in
                guard request.target.elementsEqual("/2".utf8) else { return }
                isAdmitting.signal()
                isSaid.wait()
            })
        let client = front.client()
        client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await client.read(until: "good /1").hasSuffix("good /1"))
        // Not one that could be sent again.
        client.send("POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        client.endInput()
        #expect(await client.readAll().hasSuffix("good /2"))
        #expect(server.connections == 2 && server.received.count == 2)
        await front.stop()
    }

    /// A front that is ending says so to a caller whose answer has not begun.
    @Test func anEndingFrontTellsItsCallers() async throws {
        let got = Counter()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            got.end()
            peer.waitForClose()
        }
        let front = try await front(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await got.ended()
        async let stopped: Void = front.server.stop(grace: .zero, farewell: .seconds(5))
        let answer = await client.readAll()
        #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("connection: close\r\n"))
        #expect(answer.hasSuffix("cancelled"))
        await stopped
    }

    /// How the connection ends on which the second request comes.
    enum Death: CaseIterable {
        case silent, afterABeginning
        /// And so does the one after it.
        case always
    }

    /// A server may end a kept connection while a request is on its way. One that does no harm twice is sent once more,
    /// on a new connection; any other may have been carried out.
    @Test(arguments: Death.allCases, ["GET", "POST", "DELETE"])
    func onlyWhatDoesNoHarmIsSentAgain(death: Death, method: String) async throws {
        let server = ScriptedServer { peer in
            while let (request, _) = peer.readRequest() {
                if request.target == "/1" {
                    peer.write(ScriptedServer.response("first"))
                } else if peer.connection == 1 || death == .always {
                    if death == .afterABeginning { peer.write("HTTP/1.1 2") }
                    return
                } else {
                    peer.write(ScriptedServer.response("again"))
                }
            }
        }
        let front = try await front(to: server)
        let client = front.client()
        client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await client.read(until: "first").hasSuffix("first"))
        client.send("\(method) /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        client.endInput()
        let answer = await client.readAll()
        #expect(answer.hasPrefix(method == "GET" && death == .silent ? "HTTP/1.1 200 " : "HTTP/1.1 502 "))
        let connections = method == "GET" && death != .afterABeginning ? 2 : 1
        #expect(server.connections == connections && server.received.count == connections + 1)
        #expect(server.received.dropFirst().allSatisfy { $0.text == "{}" && $0.method == method })
        await front.stop()
    }

    /// A server that ends a new connection does so for a reason.
    @Test func nothingIsSentAgainOnANewConnection() async throws {
        let server = ScriptedServer { peer in _ = peer.readRequest() }
        let front = try await front(to: server)
        let client = front.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endInput()
        #expect(await client.readAll().hasPrefix("HTTP/1.1 502 "))
        #expect(server.connections == 1)
        await front.stop()
    }
}
