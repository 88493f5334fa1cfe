import EthereumCore
import OrakeyConfig
import OrakeyKey
import Testing

@testable import OrakeyGateway

@Suite struct SettingsTests {
    private let least = """
        networks:
          BASE:
            chain_id: 8453
            rpc: ["https://mainnet.base.org"]
            contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3"
        """

    private func problems(_ text: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try GatewaySettings.parse(text, file: "/etc/gateway.yaml")
            return []
        } catch {
            return error.problems.map { "\($0.line):\($0.column) \($0.code) \($0.message)" }
        }
    }

    @Test func theLeastThatIsNeededHasDefaults() throws {
        let settings = try GatewaySettings.parse(least, file: "/etc/gateway.yaml")
        #expect(settings.listen.map(\.description) == ["127.0.0.1:8787"])
        #expect(settings.metrics == nil)
        let network = settings.networks[0]
        #expect(network.confirmations == .depth(1))
        #expect(network.maximumChainAge == .seconds(60))
        #expect(network.pollInterval == .seconds(2))
        #expect(settings.limits == GatewayLimits())
    }

    @Test func everythingThatIsKnownIsRead() throws {
        let settings = try GatewaySettings.parse(
            """
            listen: ["127.0.0.1:1", "[::1]:2"]
            metrics: { listen: "127.0.0.1:3" }
            threads: 4
            state_dir: state
            networks:
              BASE:
                chain_id: 8453
                rpc: ["https://a.example", "https://b.example"]
                quorum: 2
                contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3"
                first_block: 17
                confirmations: safe
                poll_interval: 500ms
                max_chain_age: 10s
                max_head_age: 30s
                layout: binary
                signing: eip191-hex
                abi: { file: a.json, events: { created: A, disabled: B } }
            limits: { requests_per_minute: 60, concurrent_requests: 4, cached_keys: 100, connections: 9, idle_timeout: 5s }
            owners:
              - { address: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", requests_per_minute: 600 }
              - { address: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", blocked: true }
            """, file: "/etc/gateway.yaml")
        #expect(settings.listen.map(\.description) == ["127.0.0.1:1", "[::1]:2"])
        #expect(settings.stateDirectory == "/etc/state")
        let network = settings.networks[0]
        #expect(network.firstBlock == 17 && network.quorum == 2 && network.confirmations == .safe)
        #expect(network.abi == EventNames(file: "/etc/a.json", created: "A", disabled: "B"))
        #expect(network.maximumHeadAge == .seconds(30))
        let special = try #require(settings.owners[try Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")])
        #expect(special == OwnerPolicy(requestsPerMinute: 600, concurrentRequests: 4))
        #expect(settings.owners[try Address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")]?.isBlocked == true)
    }

    @Test(arguments: [
        ("lissen: x", "6:1 unknown_key unknown key 'lissen'; did you mean 'listen'?"),
        (
            "listen: localhost:80",
            "6:9 invalid listen: expected ADDRESS:PORT as 127.0.0.1:8787 or [::1]:8787, with a numeric address"
        ),
        ("listen: []", "6:9 missing listen: names no address"),
        (
            "listen: [\"127.0.0.1:1\", \"127.0.0.1:1\"]",
            "6:25 duplicate listen[1]: the same address stands there already"
        ),
        (
            "metrics: { listen: \"127.0.0.1:8787\" }",
            "6:1 contradiction metrics: listens where requests are served; give it a port of its own"
        ),
        (
            "limits: { requests_per_minute: 0 }",
            "6:32 invalid limits.requests_per_minute: '0' is not from 1 to 1000000000"
        ),
        ("owners: [{ blocked: true }]", "6:10 missing owners[0].address is missing: the owner's address"),
    ])
    func problemsHaveTheirPlace(text: String, problem: String) {
        #expect(problems(least + "\n" + text) == [problem])
    }

    @Test(arguments: [
        ("contract: \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"", "", "networks.BASE.contract is missing"),
        ("chain_id: 8453", "chain_id: 8453\n    max_chain_age: 1s", "is shorter than poll_interval"),
        ("chain_id: 8453", "chain_id: 8453\n    quorum: 2", "asks for more endpoints than the 1 under rpc"),
        ("BASE:", "base:", "lower-case"), ("chain_id: 8453", "chain_id: 8453\n    pool: {}", "unknown key"),
    ])
    func networksAreReadStrictly(old: String, new: String, problem: String) {
        let found = problems(least.replacing(old, with: new))
        #expect(found.count == 1 && found[0].contains(problem), "\(found)")
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "1.2.3:4", "::1:5", "[x]:5", ":80"])
    func addressesAreNumericAndComplete(text: String) {
        #expect(throws: ListenAddress.Invalid.self) { try ListenAddress(text) }
    }
}
