import EthereumCore
import EthereumWallet
import OrakeyConfig
import OrakeyKey
import Testing

@Suite struct ConfigurationTests {
    @Test func theSmallestConfigurationHasDefaults() throws {
        let configuration = try parse(oneNetwork())
        #expect(configuration.file == "/conf/orakeyd.yaml")
        #expect(configuration.wallet.keystore == "/conf/wallet.json")
        #expect(configuration.wallet.path == nil)
        let network = try #require(configuration.networks.first)
        #expect(try network.name == NetworkName("BASE"))
        #expect(network.chainID == 8453)
        #expect(network.contract == nil)
        #expect(network.confirmations == .depth(2))
        #expect(network.fees == FeeSection())
        #expect(network.pool.target == 4)
        #expect(network.layout == .text)
        #expect(network.signing == .eip191)
        #expect(try network.path == .ethereum(account: 0))
        #expect(network.pollInterval == .seconds(2))
        #expect(network.quorum == 1)
        #expect(network.lowBalance == nil)
        #expect(!network.sharedWallet)
        #expect(network.abi == nil)
        #expect(configuration.listen == ListenSection())
        #expect(configuration.limits == LimitSection())
        #expect(configuration.stateDirectory == nil)
        #expect(configuration.consumers == nil)
    }

    @Test func withoutConsumersTheDaemonsUserAndRootAreTheDefault() throws {
        let configuration = try parse(oneNetwork())
        let base = try NetworkName("BASE")
        #expect(
            configuration.consumers(daemonUser: 500) == [
                ConsumerSection(name: "default", network: base, match: PeerMatch(users: [500, 0]))
            ])
        #expect(configuration.consumers(daemonUser: 0).map(\.match.users) == [[0]])
    }

    @Test func everySettingIsRead() throws {
        let configuration = try parse(
            """
            wallet: { keystore: /keys/w.json, path: "m/44'/60'/0'/0/9" }
            shared_wallet: true
            networks:
              BASE:
                chain_id: 8453
                rpc: ["https://a.example", "http+unix:///run/node.sock"]
                contract: "\(someAddress)"
                confirmations: finalized
                fees: { max_fee_gwei: 5.5, max_tip_gwei: 1, tip_gwei: 0.000000001, bump_percent: 20, resubmit_after: 1m }
                pool: { target: 0 }
                layout: binary
                signing: eip191-hex
                account: 3
                poll_interval: 500ms
                quorum: 2
                shared_wallet: false
                low_balance_gwei: 1000000
                abi:
                  file: other.json
                  create: issue
                  create_many: issueMany
                  disable: "kill(bytes32)"
                  disable_many: killMany
                  status: alive
                  events: { created: Issued, disabled: Killed }
              OPTIMISM:
                chain_id: 10
                rpc: [http://127.0.0.1:8545]
                confirmations: 12
                path: "m/44'/60'/0'/0/4"
            consumers:
              - { name: chatbot, network: BASE, match: { uid: chatbot }, rotate_every: 24h, grace: 10m }
              - name: batch
                network: OPTIMISM
                match: { uid: [1002, root], gid: ops, exe: /usr/bin/batch, unit: batch.service }
            listen: { agent: run/agent.sock, control: /run/c.sock, control_group: ops }
            limits: { connections_per_uid: 9, idle_timeout: 10s, max_chain_age: 7d }
            state_dir: state
            """)
        #expect(try configuration.wallet.path == DerivationPath(parsing: "m/44'/60'/0'/0/9"))
        let base = try #require(try configuration.network(NetworkName("BASE")))
        #expect(base.rpc.map(\.string) == ["https://a.example", "http+unix:///run/node.sock"])
        #expect(try base.contract == Address(someAddress))
        #expect(base.confirmations == .finalized)
        #expect(
            base.fees
                == FeeSection(
                    maxFeePerGas: 5_500_000_000, maxPriorityFeePerGas: 1_000_000_000, priorityFeePerGas: 1,
                    bumpPercent: 20,
                    resubmitAfter: .seconds(60)))
        #expect(base.pool.target == 0)
        #expect(base.layout == .binary)
        #expect(base.signing == .eip191Hex)
        #expect(try base.path == .ethereum(account: 3))
        #expect(base.pollInterval == .milliseconds(500))
        #expect(base.quorum == 2)
        #expect(!base.sharedWallet)
        #expect(base.lowBalance == 1_000_000_000_000_000)
        let abi = try #require(base.abi)
        #expect(abi.file == "/conf/other.json")
        #expect([abi.create, abi.disable, abi.status] == ["issue", "kill(bytes32)", "alive"])
        #expect([abi.createMany, abi.disableMany] == ["issueMany", "killMany"])
        #expect([abi.createdEvent, abi.disabledEvent] == ["Issued", "Killed"])
        let optimism = configuration.networks[1]
        #expect(optimism.confirmations == .depth(12))
        #expect(try optimism.path == .ethereum(account: 4))
        #expect(optimism.sharedWallet)
        let consumers = try #require(configuration.consumers)
        #expect(consumers.map(\.name) == ["chatbot", "batch"])
        #expect(consumers[0].match == PeerMatch(users: [1001]))
        #expect(consumers[0].rotateEvery == .seconds(86400))
        #expect(consumers[0].grace == .seconds(600))
        #expect(
            consumers[1].match
                == PeerMatch(
                    users: [1002, 0], groups: [2001], executables: ["/usr/bin/batch"], units: ["batch.service"]))
        #expect(consumers[1].rotateEvery == nil)
        #expect(
            configuration.listen
                == ListenSection(agent: "/conf/run/agent.sock", control: "/run/c.sock", controlGroup: 2001))
        #expect(
            configuration.limits
                == LimitSection(connectionsPerUser: 9, idleTimeout: .seconds(10), maximumChainAge: .seconds(7 * 86400)))
        #expect(configuration.stateDirectory == "/conf/state")
    }

    @Test func aWalletPathIsTheOwnerOfASingleNetwork() throws {
        let configuration = try parse(
            """
            wallet: { keystore: w, path: "m/44'/60'/0'/0/7" }
            networks: { BASE: { chain_id: 1, rpc: ["https://a.example"] } }
            """)
        #expect(try configuration.networks[0].path == .ethereum(account: 7))
    }

    @Test func aShortRotationHalvesTheUsualGrace() throws {
        let text = oneNetwork(top: "consumers: [{ name: a, match: { uid: 0 }, rotate_every: 1m }]")
        #expect(try parse(text).consumers?[0].grace == .seconds(30))
    }

    @Test func aLowFeeCapLowersTheTipCap() throws {
        #expect(
            try parse(oneNetwork("    fees: { max_fee_gwei: 1 }")).networks[0].fees.maxPriorityFeePerGas
                == 1_000_000_000)
    }

    @Test func noConsumersAtAllIsPossible() throws {
        #expect(try parse(oneNetwork(top: "consumers: []")).consumers == [])
    }
}
