import CurlHTTP
import EthereumCore
import Foundation
import ScriptedHTTP
import Testing

@testable import EthereumRPC

/// The client against real sockets that misbehave.
@Suite struct HostileEndpointTests {
    private static let chain = "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":\"0x1\"}"

    /// Answers `eth_chainId` properly and everything else by `misbehave`.
    private func server(_ misbehave: @escaping @Sendable (ScriptedServer.Peer, String) -> Bool) -> ScriptedServer {
        ScriptedServer { peer in
            while let (request, _) = peer.readRequest() {
                let id = Self.id(request.text)
                if request.text.contains("eth_chainId") {
                    peer.write(ScriptedServer.response(Self.chain.replacingOccurrences(of: "ID", with: id)))
                } else if !misbehave(peer, id) {
                    return
                }
            }
        }
    }

    private static func id(_ text: String) -> String {
        String(text.components(separatedBy: "\"id\":").last?.prefix { $0.isNumber } ?? "0")
    }

    private func client(_ servers: [ScriptedServer], total: Duration = .seconds(60)) throws -> RPCClient {
        var options = RPCOptions()
        options.maxAnswerBytes = 1 << 20
        options.timeouts = HTTPTimeouts(connect: .seconds(60), total: total, idle: .seconds(60))
        options.maxAttempts = servers.count == 1 ? 1 : 6
        return try RPCClient(
            endpoints: try servers.map { try RPCEndpoint($0.url) }, chainID: 1, options: options, clock: ManualClock())
    }

    enum Misdeed: String, CaseIterable {
        case truncated, reset, huge, drip, html, invalidUTF8, deep, wrongID, twoAnswers, badGateway, tooMany, empty,
            gone, compressed, redirect

        func act(_ peer: ScriptedServer.Peer, _ id: String) -> Bool {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            let start = "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":"
            switch self {
            case .truncated:
                peer.write(head + "Content-Length: 1000\r\n\r\n" + start)
                return false
            case .reset:
                peer.write(head + "Content-Length: 1000\r\n\r\n" + start)
                peer.reset()
                return false
            case .huge:
                peer.write(head + "Transfer-Encoding: chunked\r\n\r\n")
                let piece = "10000\r\n" + String(repeating: "1", count: 65536) + "\r\n"
                for _ in 0..<1600 { guard peer.write(piece) else { return false } }
                return false
            case .drip:
                peer.write(head + "Content-Length: 100000\r\n\r\n")
                while !peer.waitForClose(milliseconds: 20), peer.write(" ") {}
                return false
            case .html: return peer.write(ScriptedServer.response("<html>", type: "text/html"))
            case .invalidUTF8:
                let body = Array((start + "\"").utf8) + [0xFF, 0xC0] + Array("\"}".utf8)
                return peer.write(Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8) + body)
            case .deep: return peer.write(ScriptedServer.response(start + String(repeating: "[", count: 100_000)))
            case .wrongID:
                return peer.write(ScriptedServer.response("{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0x1\"}"))
            case .twoAnswers:
                return peer.write(ScriptedServer.response("[\(start)\"0x1\"},\(start)\"0x1\"}]"))
            case .badGateway:
                return peer.write(ScriptedServer.response("bad", status: "502 Bad Gateway", type: "text/html"))
            case .tooMany:
                return peer.write(
                    ScriptedServer.response("", status: "429 Too Many Requests", headers: ["Retry-After: 7"]))
            case .compressed:
                return peer.write(ScriptedServer.response(start + "\"0x1\"}", headers: ["Content-Encoding: gzip"]))
            case .redirect:
                return peer.write(
                    ScriptedServer.response("", status: "307 Temporary Redirect", headers: ["Location: /elsewhere"]))
            case .empty: return peer.write(ScriptedServer.response(""))
            case .gone: return false
            }
        }
    }

    @Test(arguments: Misdeed.allCases)
    func everyMisdeedIsAnErrorAndTheNextEndpointAnswers(misdeed: Misdeed) async throws {
        let bad = server { peer, id in misdeed.act(peer, id) }
        // Only where time is the point may it run out.
        let total: Duration = misdeed == .drip ? .seconds(1) : .seconds(60)
        let alone = try client([bad], total: total)
        let error = try #require(await failure { () throws(RPCError) in try await alone.send(.blockNumber) })
        switch (misdeed, error.kind) {
        case (.truncated, .transport), (.reset, .transport), (.gone, .transport), (.drip, .timeout): break
        case (.badGateway, .http(status: 502)), (.redirect, .http(status: 307)),
            (.tooMany, .rateLimited(retryAfter: .seconds(7))):
            break
        case (_, .invalidAnswer): break
        default: Issue.record("\(misdeed): \(error)")
        }
        #expect(!error.mayHaveTakenEffect)
        let broadcast = try #require(
            await failure { () throws(RPCError) in try await alone.send(.sendRawTransaction([1])) })
        #expect(broadcast.mayHaveTakenEffect == (misdeed != .tooMany && misdeed != .redirect))
        #expect(!bad.received.contains { $0.target == "/elsewhere" })
        let good = server { peer, id in
            peer.write(ScriptedServer.response("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\"0x2a\"}"))
        }
        #expect(try await client([bad, good], total: total).send(.blockNumber) == 42)
    }

    @Test func aBroadcastIsSentOnceEvenWhenTheKeptConnectionIsDead() async throws {
        let sent = Switch(false)
        let server = ScriptedServer { peer in
            guard let (request, _) = peer.readRequest() else { return }
            // Every connection serves one request and is then closed without a word.
            if request.text.contains("eth_sendRawTransaction") {
                sent.isOn = true
                return
            }
            peer.write(ScriptedServer.response(Self.chain.replacingOccurrences(of: "ID", with: Self.id(request.text))))
        }
        let client = try client([server])
        _ = try? await client.send(.blockNumber)
        let error = await failure { () throws(RPCError) in try await client.send(.sendRawTransaction([1])) }
        #expect(error?.mayHaveTakenEffect == true)
        #expect(sent.isOn)
        #expect(server.received.filter { $0.text.contains("eth_sendRawTransaction") }.count == 1)
    }

    @Test func cancellationReachesTheSocket() async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let server = server { peer, _ in
            arrived.yield()
            return !peer.waitForClose()
        }
        let client = try client([server])
        let task = Task { await failure { () throws(RPCError) in try await client.send(.blockNumber) } }
        for await _ in arrivals { break }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
    }
}
