import OrakeyConfig
import Testing

@Suite struct EndpointURLTests {
    @Test(arguments: [
        ("https://mainnet.example/v2/SECRET", "https://mainnet.example/..."),
        ("https://mainnet.example?key=SECRET", "https://mainnet.example/..."),
        ("https://user:SECRET@mainnet.example:8443/", "https://mainnet.example:8443/..."),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://[::1]:8545", "http://[::1]:8545"),
        ("http+unix:///run/node/rpc.sock", "http+unix:///run/node/rpc.sock"),
    ])
    func isShownWithoutWhatMayBeSecret(text: String, shown: String) throws {
        let url = try EndpointURL(text)
        #expect(url.string == text)
        #expect(url.description == shown)
        #expect("\(url)" == shown)
        #expect(String(reflecting: url) == shown)
        var dumped = ""
        dump(url, to: &dumped)
        #expect(!dumped.contains("SECRET"))
    }

    @Test(arguments: [
        "", "mainnet.example", "ftp://SECRET", "wss://SECRET", "https://", "https:///SECRET", "https://:80",
        "https://h:0",
        "https://h:65536", "https://h:x", "https://h:+1", "https://[::1", "https://[::1]x", "http+unix://run/x",
        "http+unix:///", "https://h/#SECRET", "https://h/a SECRET", "https://h/\u{e4}SECRET", "HTTPS://SECRET",
    ])
    func isRefusedWithoutBeingRepeated(text: String) {
        let error = #expect(throws: EndpointURL.Invalid.self) { try EndpointURL(text) }
        #expect(error?.description.contains("SECRET") == false)
    }

    @Test func problemsInTheFileDoNotRepeatIt() {
        let found = problems(
            """
            wallet: { keystore: w }
            networks:
              BASE: { chain_id: 1, rpc: ["wss://SECRET", "https://SECRET", "https://SECRET"] }
              OTHER: { chain_id: 1, rpc: https://SECRET, account: 1 }
            """)
        #expect(found.count >= 3)
        #expect(found.allSatisfy { !$0.contains("SECRET") })
    }
}
