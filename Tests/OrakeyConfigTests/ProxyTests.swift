import OrakeyConfig
import Testing

/// `proxy:`
@Suite struct ProxyTests {
    private func proxy(_ settings: String) throws -> ProxySection? {
        try parse(oneNetwork(top: "proxy: { \(settings) }")).proxy
    }

    @Test func isOffUnlessAskedFor() throws {
        #expect(try parse(oneNetwork()).proxy == nil)
        let bare = try #require(try proxy(""))
        #expect(bare.upstream.string == "https://api.ora.io")
        #expect(bare.port == nil && bare.socket == nil && bare.idleTimeout == .seconds(600))
    }

    @Test(arguments: [
        "https://api.example", "https://api.example:8443", "https://api.example/", "http://127.0.0.1:80",
        "http://localhost:8080", "http://[::1]:80", "http+unix:///run/model.sock",
    ])
    func upstreams(url: String) throws {
        #expect(try proxy("upstream: '\(url)', port: 0, idle_timeout: 30s")?.upstream.string == url)
    }

    /// A key in the clear, to another host, or somewhere below a path.
    @Test(arguments: [
        "http://api.example", "http://127.0.0.1.example", "http://127.example", "http://localhost.example:80",
        "https://user@api.example", "https://api.example/v1", "https://api.example?x", "https://api.example//",
        "ftp://api.example", "api.example", "http://localhost@api.example", "https://", "http://10.0.0.1",
    ])
    func upstreamsThatAreNone(url: String) {
        #expect(!problems(oneNetwork(top: "proxy: { upstream: '\(url)' }")).isEmpty)
    }

    @Test func aSocketOfItsOwn() {
        let listen = "listen: { agent: /run/a.sock }\n"
        #expect(problems(oneNetwork(top: listen + "proxy: { socket: /run/p.sock }")).isEmpty)
        #expect(!problems(oneNetwork(top: listen + "proxy: { socket: /run/a.sock }")).isEmpty)
    }
}
