import CurlHTTP
import Glibc
import HTTPRelay
import NIOCore
import NIOPosix
import ScriptedHTTP

/// A front of a test's own, on a Unix socket.
struct Front {
    let server: RelayServer
    let path: String
    /// One loop, so that whoever was answered by a front knows that everybody else had a turn.
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(
        limits: RelayLimits = RelayLimits(), plain: (relay: any PlainRelay, upstream: PlainUpstream)? = nil,
        _ handler: some RelayHandler
    ) async throws {
        path = temporarySocketPath()
        // Not with SocketBinding, whose umask other tests of this process would get to feel.
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        ScriptedServer.bindUnix(socket, path)
        server = try await RelayServer.start(
            on: .unix(descriptor: socket), group: group, limits: limits,
            handler: handler, plain: plain)
    }

    func client() -> RawClient { RawClient(path: path) }

    func stop() async {
        await server.stop(grace: .zero, farewell: .zero)
        unlink(path)
        try? await group.shutdownGracefully()
    }

    /// Returns once nothing is added any more, however often all threads between caller and server have their turn: each
    /// request to `/turn`, which is to be answered at once, takes one of each.
    func standsStill(_ counter: Counter, isStuck: () -> Bool = { true }) async {
        var last = -1
        while counter.value != last || !isStuck() && !counter.isOver {
            last = counter.value
            for _ in 1...5 {
                let client = client()
                client.send("GET /turn HTTP/1.1\r\nHost: x\r\n\r\n")
                client.endInput()
                _ = await client.readAll()
            }
        }
    }

    /// What one connection answers to these bytes, until it ends.
    func answer(to text: String) async -> String {
        let client = client()
        client.send(text)
        return await client.readAll()
    }
}

/// A handler made of a closure; it names each problem it is told of.
struct Closure: RelayHandler {
    let body: @Sendable (RelayRequest, AnswerWriter) async -> Void

    init(_ body: @escaping @Sendable (RelayRequest, AnswerWriter) async -> Void) { self.body = body }

    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async { await body(request, answer) }

    func refusal(of problem: RequestProblem) -> RelayAnswer {
        RelayAnswer(status: problem.status, body: Array("refused: \(problem)".utf8))
    }
}

/// Says what it got: method, target and body, or why the body ended.
let echo = Closure { request, answer in
    var body: [UInt8] = []
    do throws(RequestProblem) {
        for try await piece in request.body { body += piece }
    } catch {
        return answer.send(RelayAnswer(status: error.status, body: Array("\(error)".utf8)))
    }
    let text = "\(request.method) \(request.target) \(String(decoding: body, as: UTF8.self))"
    answer.send(RelayAnswer(status: 200, headers: [HTTPField("X-Echo", "1")], body: Array(text.utf8)))
}
