import Foundation
import ScriptedHTTP
import Synchronization
import Testing

@testable import CurlHTTP

@Suite struct HTTPClientTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient() }

    private func get(_ url: String, idle: Duration = .seconds(10), limit: Int = 1 << 20) throws -> HTTPRequest {
        HTTPRequest(
            url: try HTTPURL(url), timeouts: HTTPTimeouts(connect: .seconds(5), total: .seconds(20), idle: idle),
            maxResponseBytes: limit)
    }

    private func code(_ request: HTTPRequest) async -> HTTPError? {
        do throws(HTTPError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func postsAndReusesTheConnection() async throws {
        let server = ScriptedServer.answering { request, number in
            ScriptedServer.response("\(request.method) \(request.target) \(request.text)", headers: ["X-N: \(number)"])
        }
        var request = try get(server.url + "rpc?a=b")
        request.method = "POST"
        request.headers = [HTTPField("Content-Type", "application/json"), HTTPField("X-Empty", "")]
        request.body = Array("{}".utf8)
        let first = try await client.send(request)
        #expect(first.status == 200)
        #expect(first.body == Array("POST /rpc?a=b {}".utf8))
        #expect(first.headers["x-n"] == "1")
        #expect(first.newConnections == 1)
        let second = try await client.send(request)
        #expect(second.newConnections == 0)
        #expect(server.connections == 1)
        let seen = try #require(server.received.first)
        #expect(seen.headers["content-type"] == "application/json")
        #expect(seen.headers["x-empty"] == "")
        #expect(seen.headers["expect"] == nil)
        request.usesFreshConnection = true
        #expect(try await client.send(request).newConnections == 1)
    }

    @Test func speaksHTTPOverAUnixSocket() async throws {
        let path = temporarySocketPath()
        let server = ScriptedServer.answering(unixPath: path) { request, _ in ScriptedServer.response(request.target) }
        #expect(try await client.send(try get("http+unix://\(path)")).body == Array("/".utf8))
        let escaped = path.replacingOccurrences(of: "/", with: "%2F")
        #expect(try await client.send(try get("http+unix://\(escaped)/v1/x?y=z")).body == Array("/v1/x?y=z".utf8))
        server.stop()
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "PATCH", "POST", "OPTIONS"])
    func sendsEveryMethod(method: String) async throws {
        let server = ScriptedServer.answering { request, _ in
            let answer = ScriptedServer.response(request.method + request.text)
            return request.method == "HEAD" ? answer.components(separatedBy: "\r\n\r\n")[0] + "\r\n\r\n" : answer
        }
        var request = try get(server.url)
        request.method = method
        let plain = try await client.send(request)
        #expect(plain.body == (method == "HEAD" ? [] : Array(method.utf8)))
        guard method != "HEAD" else { return }
        request.body = Array("!".utf8)
        #expect(try await client.send(request).body == Array((method + "!").utf8))
    }

    @Test func doesNotFollowRedirects() async throws {
        let server = ScriptedServer.answering { _, _ in
            ScriptedServer.response("", status: "302 Found", headers: ["Location: /elsewhere"])
        }
        #expect(try await client.send(try get(server.url)).status == 302)
        #expect(server.received.count == 1)
    }

    @Test func tellsTheWaysToFailApart() async throws {
        let cut = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        let resets = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            peer.reset()
        }
        let silent = ScriptedServer { peer in
            _ = peer.readRequest()
        }
        for server in [cut, resets, silent] {
            let error = await code(try get(server.url))
            #expect(error?.code == .closed)
            #expect(error?.mayHaveBeenSent == true)
        }
        let garbage = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("\u{1}\u{2}garbage without a protocol\r\n\r\n")
        }
        #expect(await code(try get(garbage.url))?.code == .malformedResponse)
        let gone = ScriptedServer { _ in }
        gone.stop()
        let refused = await code(try get("http://127.0.0.1:1/"))
        #expect(refused?.code == .notReachable)
        #expect(refused?.mayHaveBeenSent == false)
        #expect(await code(try get("http+unix:///nonexistent/socket"))?.code == .notReachable)
        #expect(await code(try get("http://name.invalid/"))?.code == .nameNotFound)
    }

    @Test func refusesLargeAnswersAnnouncedOrNot() async throws {
        let announced = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
            peer.waitForClose()
        }
        let endless = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let piece = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
            while peer.write(piece) {}
        }
        let head = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X: \(String(repeating: "y", count: 4000))\r\n") {}
        }
        for server in [announced, endless, head] {
            #expect(await code(try get(server.url))?.code == .tooLarge)
        }
    }

    @Test func slowServersMeetADeadline() async throws {
        let drip = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while !peer.waitForClose(milliseconds: 20), peer.write("x") {}
        }
        let mute = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitForClose()
        }
        var request = try get(drip.url)
        request.timeouts.total = .milliseconds(300)
        // On a machine that is slow enough, connecting takes all of it.
        #expect([.timedOut(.total), .timedOut(.connect)].contains(await code(request)?.code))
        let idle = await code(try get(mute.url, idle: .milliseconds(200)))
        #expect(idle?.code == .timedOut(.idle))
        #expect(idle?.mayHaveBeenSent == true)
    }

    /// The time counts from the last byte, not from the first look after it.
    @Test func aBodyDoesNotDoubleTheIdleTime() async throws {
        let mute = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitForClose()
        }
        var post = try get(mute.url, idle: .seconds(1))
        post.method = "POST"
        post.body = Array("{}".utf8)
        let longer = try get(mute.url, idle: .milliseconds(1900))
        let first = await withTaskGroup(of: String.self) { [post] tasks in
            tasks.addTask { await code(post)?.code == .timedOut(.idle) ? "post" : "other" }
            tasks.addTask { await code(longer)?.code == .timedOut(.idle) ? "longer" : "other" }
            return await tasks.next()
        }
        #expect(first == "post")
    }

    @Test func cancellationEndsTheTransferAndTheConnection() async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let (closings, closed) = AsyncStream<Bool>.makeStream()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            arrived.yield()
            closed.yield(peer.waitForClose())
        }
        let request = try get(server.url, idle: .seconds(1000))
        let task = Task { await code(request) }
        for await _ in arrivals { break }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        for await isClosed in closings {
            #expect(isClosed)
            break
        }
        let early = Task { () -> HTTPError? in
            while !Task.isCancelled { await Task.yield() }
            return await code(request)
        }
        early.cancel()
        #expect(await early.value?.code == .cancelled)
    }

    @Test func shutdownEndsEverythingAndRefusesMore() async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            arrived.yield()
            peer.waitForClose()
        }
        let request = try get(server.url)
        let task = Task { await code(request) }
        for await _ in arrivals { break }
        await client.shutdown()
        #expect(await task.value?.code == .shutDown)
        #expect(await code(request)?.code == .shutDown)
        await client.shutdown()
    }

    @Test func streamsWithBackPressure() async throws {
        let written = Atomic<Int>(0)
        let piece = [UInt8](repeating: 7, count: 65536)
        let total = 256
        let (stalls, stalled) = AsyncStream<Int>.makeStream()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(piece.count * total)\r\n\r\n")
            for index in 0..<total {
                // Full when nothing can be written at once: the reader holds the server back.
                if !peer.canWrite(milliseconds: 300), stalledOnce(written) { stalled.yield(index) }
                guard peer.write(piece) else { return }
            }
        }
        var request = try get(server.url, limit: piece.count * total)
        request.timeouts.total = nil
        let response = try await client.stream(request)
        #expect(response.status == 200)
        for await index in stalls {
            #expect(index < total)
            break
        }
        var count = 0
        for try await bytes in response.body { count += bytes.count }
        #expect(count == piece.count * total)
    }

    @Test func aStreamCutShortThrowsAndADroppedOneEnds() async throws {
        let (closings, closed) = AsyncStream<Bool>.makeStream()
        let server = ScriptedServer { peer in
            guard let (request, _) = peer.readRequest() else { return }
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            if request.target == "/dropped" { closed.yield(peer.waitForClose()) }
        }
        let cut = try await client.stream(try get(server.url + "cut"))
        await #expect(throws: HTTPError.self) { try await cut.body.collect() }
        do {
            let dropped = try await client.stream(try get(server.url + "dropped"))
            #expect(dropped.status == 200)
        }
        for await isClosed in closings {
            #expect(isClosed)
            break
        }
    }

    @Test func sendsASecretHeaderAndShowsNoCredentials() async throws {
        let server = ScriptedServer.answering { request, _ in
            ScriptedServer.response(request.headers["authorization"] ?? "none")
        }
        let secret = Array("s3cr3t-token".utf8)
        var request = try get("http://user:passw0rd@127.0.0.1:\(server.port)/v3/pr0jectkey?apikey=qu3ry")
        request.secretHeader = HTTPSecretField("Authorization", prefix: "Bearer ") { use in secret.withUnsafeBytes(use)
        }
        request.headers = [HTTPField("X-Api-Key", "h3ader")]
        #expect(try await client.send(request).body == Array("Bearer s3cr3t-token".utf8))
        var shown = "\(request) \(String(reflecting: request)) \(request.url) \(String(reflecting: request.url))"
        dump(request, to: &shown)
        dump(request.headers, to: &shown)
        var refused = request
        refused.url = try HTTPURL("http://user:passw0rd@127.0.0.1:1/v3/pr0jectkey?apikey=qu3ry")
        if let error = await code(refused) { shown += "\(error) \(String(reflecting: error))" }
        for word in ["passw0rd", "pr0jectkey", "qu3ry", "h3ader", "s3cr3t"] { #expect(!shown.contains(word)) }
        request.secretHeader = HTTPSecretField("Authorization") { use in Array("a\r\nX: y".utf8).withUnsafeBytes(use) }
        #expect(await code(request)?.code == .invalidRequest)
    }

    @Test(arguments: [
        "ftp://x/", "file:///etc/passwd", "x", "//host/", "http://", "http://a b/", "http://h/\n", "http://h/#f",
        "http+unix://", "http+unix://%2", "http+unix://%2Frun", "http+unix:///" + String(repeating: "x", count: 120),
        "HTTP+UNIX:///x", "https://host:99999/",
    ])
    func refusesAddressesThatAreNone(text: String) {
        #expect(throws: HTTPError.self) { try HTTPURL(text) }
    }

    @Test func refusesRequestsThatWouldNotBeOne() async throws {
        var request = try get("http://127.0.0.1:1/")
        request.method = "GET /"
        #expect(await code(request)?.code == .invalidRequest)
        request = try get("http://127.0.0.1:1/")
        for field in [HTTPField("A b", "x"), HTTPField("A", "x\r\nB: y"), HTTPField("Content-Length", "1")] {
            request.headers = [field]
            #expect(await code(request)?.code == .invalidRequest)
        }
    }
}

private func stalledOnce(_ counter: borrowing Atomic<Int>) -> Bool {
    counter.add(1, ordering: .relaxed).oldValue == 0
}
