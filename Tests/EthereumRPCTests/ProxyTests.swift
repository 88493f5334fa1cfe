import CurlHTTP
import Foundation
import Testing

@Suite struct ProxyTests {
    /// In a process of its own, since libcurl reads the environment.
    @Test func takesTheProxyOfTheEnvironmentExceptForThisMachine() async {
        await #expect(processExitsWith: .success) {
            let proxy = ScriptedServer.answering { request, _ in ScriptedServer.response("via proxy: \(request.target)")
            }
            let direct = ScriptedServer.answering { _, _ in ScriptedServer.response("direct") }
            let path = temporarySocketPath()
            let unix = ScriptedServer.answering(unixPath: path) { _, _ in ScriptedServer.response("direct") }
            setenv("http_proxy", proxy.url, 1)
            setenv("https_proxy", proxy.url, 1)
            setenv("no_proxy", "inside.invalid", 1)
            let client = try HTTPClient()
            func body(_ url: String, _ policy: ProxyPolicy = .environment) async throws -> String {
                let response = try await client.send(HTTPRequest(url: try HTTPURL(url), proxy: policy))
                return String(decoding: response.body, as: UTF8.self)
            }
            #expect(try await body("http://outside.invalid/rpc") == "via proxy: http://outside.invalid/rpc")
            #expect(try await body(direct.url) == "direct")
            #expect(try await body("http+unix://\(path)") == "direct")
            // Without a proxy these names do not exist.
            await #expect(throws: HTTPError.self) { try await body("http://inside.invalid/") }
            await #expect(throws: HTTPError.self) { try await body("http://outside.invalid/", .direct) }
            // TLS goes through a tunnel, which this proxy does not offer.
            await #expect(throws: HTTPError.self) { try await body("https://outside.invalid/") }
            #expect(proxy.received.map(\.method) == ["GET", "CONNECT"])
            await client.shutdown()
            unix.stop()
        }
    }
}
