import CurlHTTP
import Foundation
import ScriptedHTTP
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

    /// libcurl quotes what it cannot read.
    @Test func thePasswordOfAnUnusableProxyStaysSecret() async {
        await #expect(processExitsWith: .success) {
            let client = try HTTPClient()
            for proxy in [
                "bogus://operator:hunter2pw@proxy.invalid", "http://operator:hunter2pw@proxy.invalid:99999999",
                "operator:hunter2pw@proxy.invalid:port", "operator:hunter2pw@proxy.invalid:3128",
            ] {
                setenv("https_proxy", proxy, 1)
                let url = try HTTPURL("https://outside.invalid/")
                let error = try await #require(throws: HTTPError.self) { () async throws in
                    try await client.send(HTTPRequest(url: url))
                }
                #expect(!"\(error)".contains("hunter2pw"), "\(error)")
                #expect(error.code == .proxy, "\(error)")
                #expect(!error.mayHaveBeenSent)
            }
            await client.shutdown()
        }
    }
}
