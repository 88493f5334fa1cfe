import CurlHTTP
import HTTPRelay
import ScriptedHTTP
import Testing

/// The connections of the short way: what becomes of those that wait, that end, and that are used again.
@Suite struct PlainLinkTests {
    private func front(
        to server: ScriptedServer, stallSeconds: Int64 = 60,
        onAdmission: @escaping @Sendable (PlainRequest) -> Void = { _ in }
    ) async throws -> Front {
        let url = try server.path.map { try HTTPURL(unixSocketPath: $0) } ?? HTTPURL(server.url)
        let upstream = try #require(PlainUpstream(url))
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
}
