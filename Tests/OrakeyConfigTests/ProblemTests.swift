import OrakeyConfig
import Testing

/// What is wrong is named with its place and, where there is one, the mend.
@Suite struct ProblemTests {
    @Test(arguments: [
        // Unknown keys, with the nearest right name or the known ones.
        ("confirmation: 3", "6:5 unknown_key unknown key networks.BASE.'confirmation'; did you mean 'confirmations'?"),
        (
            "fees: { max_fee_gewi: 3 }",
            "6:13 unknown_key unknown key networks.BASE.fees.'max_fee_gewi'; did you mean 'max_fee_gwei'?"
        ),
        ("pool: { zzzzzz: 3 }", "6:13 unknown_key unknown key networks.BASE.pool.'zzzzzz'; known here: target"),
        // Types and forms.
        ("contract: 0x12", nil),
        (
            "confirmations: safer",
            "6:20 invalid networks.BASE.confirmations: expected a number of blocks, safe or finalized"
        ),
        ("confirmations: 0", "6:20 invalid networks.BASE.confirmations: '0' is not from 1 to 100000"),
        (
            "confirmations: '3'",
            "6:20 invalid networks.BASE.confirmations: expected a number of blocks, safe or finalized"
        ),
        (
            "confirmations: -1",
            "6:20 invalid networks.BASE.confirmations: expected a number of blocks, safe or finalized"
        ),
        ("quorum: two", "6:13 invalid networks.BASE.quorum: expected a whole number in decimal digits, found 'two'"),
        ("quorum: 0x1", "6:13 invalid networks.BASE.quorum: expected a whole number in decimal digits, found '0x1'"),
        (
            "quorum: '1'",
            "6:13 invalid networks.BASE.quorum: expected a whole number in decimal digits, found text in quotes"
        ),
        ("quorum: [1]", "6:13 invalid networks.BASE.quorum: expected a whole number in decimal digits, found a list"),
        (
            "quorum: 99999999999999999999",
            "6:13 invalid networks.BASE.quorum: '99999999999999999999' is not from 1 to 32"
        ),
        ("quorum: 2", "6:5 contradiction networks.BASE.quorum: asks for more endpoints than the 1 under rpc"),
        ("shared_wallet: yes", "6:20 invalid networks.BASE.shared_wallet: expected true or false, found 'yes'"),
        ("layout: hex", "6:13 invalid networks.BASE.layout: expected one of text, binary, found 'hex'"),
        ("signing: bare", "6:14 invalid networks.BASE.signing: expected one of eip191, eip191-hex, found 'bare'"),
        (
            "poll_interval: 5",
            "6:20 invalid networks.BASE.poll_interval: expected a duration as 30s, 10m, 24h or 7d, found '5'"
        ),
        ("poll_interval: 11m", "6:20 invalid networks.BASE.poll_interval: '11m' is not from 50ms to 10m"),
        ("pool: 4", "6:11 invalid networks.BASE.pool: expected a mapping of keys to values, found '4'"),
        ("pool:", "6:5 missing networks.BASE.pool has no value; give it one or take the line out"),
        ("pool: { target: 1025 }", "6:21 invalid networks.BASE.pool.target: '1025' is not from 0 to 1024"),
        (
            "fees: { max_fee_gwei: 1e3 }",
            "6:27 invalid networks.BASE.fees.max_fee_gwei: expected an amount in gwei as 5 or 0.25, found '1e3'"
        ),
        (
            "fees: { max_fee_gwei: 0 }",
            "6:27 invalid networks.BASE.fees.max_fee_gwei: '0' is not from 0.000000001 to 1000000 gwei"
        ),
        ("fees: { bump_percent: 12 }", "6:27 invalid networks.BASE.fees.bump_percent: '12' is not from 13 to 1000"),
        // Contradictions.
        (
            "account: 1\n    path: \"m/1\"",
            "6:5 contradiction networks.BASE.account: stands beside path; keep one of them"
        ),
        (
            "fees: { max_fee_gwei: 1, max_tip_gwei: 2 }",
            "6:30 contradiction networks.BASE.fees.max_tip_gwei: is above max_fee_gwei (1)"
        ),
        (
            "fees: { max_tip_gwei: 1, tip_gwei: 1.5 }",
            "6:30 contradiction networks.BASE.fees.tip_gwei: is above max_tip_gwei (1)"
        ),
        // Features of later versions are refused, never ignored.
        (
            "revoker: 1",
            "6:5 unsupported networks.BASE.'revoker' is not supported in this version of orakeyd; take it out"
        ),
    ])
    func inANetwork(line: String, expected: String?) {
        let found = problems(oneNetwork("    " + line))
        #expect(found.count == 1)
        if let expected { #expect(found == [expected]) }
    }

    @Test(arguments: [
        ("[{ match: { uid: 0 } }]", "7:13 missing consumers[0].name is missing: what to call the consumer"),
        (
            "[{ name: 'a b', match: { uid: 0 } }]",
            "7:21 invalid consumers[0].name: a consumer's name is 1 to 64 of A-Z a-z 0-9 . _ -"
        ),
        (
            "[{ name: a }]",
            "7:13 missing consumers[0].match is missing: which processes may have this key, { uid: ... }"
        ),
        (
            "[{ name: a, match: {} }]",
            "7:31 missing consumers[0].match: names nobody; give at least one of uid, gid, exe, unit"
        ),
        (
            "[{ name: a, match: { uid: [] } }]",
            "7:38 missing consumers[0].match.uid: is an empty list, which would match everybody"
        ),
        (
            "[{ name: a, match: { uid: nobody-here } }]",
            "7:38 invalid consumers[0].match.uid: this host has no user 'nobody-here'"
        ),
        (
            "[{ name: a, match: { gid: 4294967295 } }]",
            "7:38 invalid consumers[0].match.gid: '4294967295' is not a group id"
        ),
        (
            "[{ name: a, match: { uid: 010 } }]",
            "7:38 invalid consumers[0].match.uid: '010' is not a user id"
        ),
        (
            "[{ name: a, match: { exe: /usr/../a } }]",
            "7:38 invalid consumers[0].match.exe: an executable's path has no /../ in it"
        ),
        (
            "[{ name: a, match: { exe: //a } }]",
            "7:38 invalid consumers[0].match.exe: an executable's path has no // in it"
        ),
        (
            "[{ name: a, match: { unit: '*.service' } }]",
            "7:39 invalid consumers[0].match.unit: a unit's name has A-Z a-z 0-9 . _ - : @ \\ in it; patterns are not known here"
        ),
        (
            "[{ name: a, match: { exe: bin/a } }]",
            "7:38 invalid consumers[0].match.exe: an executable is named by its path from /"
        ),
        (
            "[{ name: a, match: { unit: a } }]",
            "7:39 invalid consumers[0].match.unit: a unit is named in full, as a.service"
        ),
        (
            "[{ name: a, network: BASS, match: { uid: 0 } }]",
            "7:33 invalid consumers[0].network: there is no network BASS; did you mean BASE?"
        ),
        (
            "[{ name: a, match: { uid: 0 }, rotate_every: 1m, grace: 1m }]",
            "7:61 contradiction consumers[0].grace: is not shorter than rotate_every, so that old keys would pile up"
        ),
        (
            "[{ name: a, match: { uid: 0 } }, { name: a, match: { uid: 1 } }]",
            "7:45 duplicate consumers[1]: a on BASE stands there already"
        ),
        (
            "[{ name: a, match: { uid: 0 }, rate_limit: { burst: 5 } }]",
            "7:55 missing consumers[0].rate_limit.per_second is missing: how often a second the key may be asked for"
        ),
        (
            "[{ name: a, match: { uid: 0 }, rate_limit: { per_second: 0 } }]",
            "7:69 invalid consumers[0].rate_limit.per_second: '0' is not from 1 to 1000000"
        ),
        ("{ name: a }", "7:12 invalid consumers: expected a list, found a mapping"),
    ])
    func inConsumers(list: String, expected: String) {
        // The unit's message names an example; the place and the code are what matters there.
        let found = problems(oneNetwork(top: "consumers: \(list)"))
        #expect(found.count == 1)
        #expect(found.first?.replacing("chatbot.service", with: "a.service") == expected)
    }

    @Test(arguments: [
        ("metrics: { listen: 1 }", "7:20 invalid metrics.listen: expected 127.0.0.1:PORT or [::1]:PORT"),
        (
            "metrics: { listen: 0.0.0.0:9464 }",
            "7:20 invalid metrics.listen: expected 127.0.0.1:PORT or [::1]:PORT: only this host may be able to reach the port"
        ),
        ("proxy: { upstrem: x }", "7:10 unknown_key unknown key proxy.'upstrem'; did you mean 'upstream'?"),
        ("proxy: { port: 65536 }", "7:16 invalid proxy.port: '65536' is not from 0 to 65535"),
        (
            "metrics: { listen: 127.0.0.1:0 }",
            "7:20 invalid metrics.listen: the port has to be a number from 1 to 65535"
        ),
        ("metrics: {}", "7:10 missing metrics.listen is missing: a port of this host, 127.0.0.1:9464"),
        ("audit: { required: 1 }", "7:20 invalid audit.required: expected true or false, found '1'"),
        ("audit: { keep_records: 10 }", "7:24 invalid audit.keep_records: '10' is not from 1000 to 100000000"),
        ("lock: {}", "7:7 missing lock: says neither when nor after how long; give after_idle, at, or both"),
        ("lock: { at: 24:00 }", "7:13 invalid lock.at: expected a time of day as 22:00, found '24:00'"),
        ("lock: { at: [\"7:30\"] }", "7:14 invalid lock.at[0]: expected a time of day as 22:00, found '7:30'"),
        ("revoker: {}", "7:10 missing revoker.keystore is missing: the path of the revoker's wallet file"),
        ("sate_dir: x", "7:1 unknown_key unknown key 'sate_dir'; did you mean 'state_dir'?"),
        (
            "state_dir: ~/x",
            "7:12 invalid state_dir: '~' is not expanded here; write the path from / or relative to the configuration file"
        ),
        ("listen: { agent: a.sock, control: a.sock }", "7:26 contradiction listen.control: is the agent's socket too"),
        ("limits: { idle_timeout: 0s }", "7:25 invalid limits.idle_timeout: '0s' is not from 1s to 1d"),
        ("wallet: { keystore: b }", "1:1 duplicate 'wallet' stands here more than once"),
    ])
    func atTheTop(line: String, expected: String) {
        #expect(problems(oneNetwork(top: line)) == [expected])
    }

    @Test func aSocketPathHasToFitTheKernel() {
        let long = String(repeating: "s", count: 102)
        #expect(
            problems(oneNetwork(top: "listen: { agent: \(long) }")) == [
                "7:18 invalid listen.agent: a socket's path has at most 107 bytes, and this has 108"
            ])
        #expect(problems(oneNetwork(top: "listen: { agent: \(long.dropLast()) }")).isEmpty)
    }

    @Test func allProblemsAreCollectedInTheOrderOfTheFile() {
        let found = problems(
            """
            networks:
              base: { chain_id: 1, rpc: ["https://a.example"] }
              ETHEREUM:
                chain_id: 0
                rpc: []
                account: 1
            walet: { keystore: x }
            """)
        #expect(found.count == 5)
        #expect(found[0] == "1:1 missing wallet is missing: the wallet file, { keystore: wallet.json }")
        #expect(found[1].hasPrefix("2:3 invalid networks.base: "))
        #expect(found[2] == "4:15 invalid networks.ETHEREUM.chain_id: '0' is not from 1 to 9223372036854775771")
        #expect(found[3] == "5:10 missing networks.ETHEREUM.rpc: names no endpoint")
        #expect(found[4] == "7:1 unknown_key unknown key 'walet'; did you mean 'wallet'?")
    }

    @Test func severalNetworksNeedAccountsOfTheirOwn() {
        let found = problems(
            """
            wallet: { keystore: x, path: "m/44'/60'/0'/0/1" }
            networks:
              A: { chain_id: 1, rpc: ["https://a.example"] }
              B: { chain_id: 2, rpc: ["https://a.example"], account: 0 }
            """)
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("3:6 missing networks.A: with several networks each needs its own path or account"))
    }

    @Test func twoNetworksMayNotShareOneNonceSequence() {
        let text = """
            wallet: { keystore: x }
            networks:
              A: { chain_id: 1, rpc: ["https://a.example"], account: 0 }
              B: { chain_id: 1, rpc: ["https://a.example"], path: "m/44'/60'/0'/0/0" }
            """
        #expect(
            problems(text) == [
                "4:6 contradiction networks.B: has chain id and account of A; give each its own account"
            ])
        #expect(problems(text.replacing("account: 0", with: "account: 1")).isEmpty)
    }

    @Test func aConsumerOfSeveralNetworksNamesOne() {
        let found = problems(
            """
            wallet: { keystore: x }
            networks:
              A: { chain_id: 1, rpc: ["https://a.example"], account: 0 }
              B: { chain_id: 2, rpc: ["https://a.example"], account: 0 }
            consumers: [{ name: a, match: { uid: 0 } }]
            """)
        #expect(
            found == [
                "5:13 missing consumers[0].network is missing: with several networks a consumer has to name its own"
            ])
    }

    @Test func theDescriptionIsForEditors() throws {
        let error = #expect(throws: ConfigurationError.self) { try parse(oneNetwork("    quorum: x")) }
        #expect(
            error?.description
                == "/conf/orakeyd.yaml:6:13: networks.BASE.quorum: expected a whole number in decimal digits, found 'x'"
        )
    }
}
