import OrakeyConfig
import OrakeyCore
import OrakeyKey
import Testing

@Suite struct PolicyTests {
    private func consumer(_ name: String, _ match: PeerMatch, network: String = "BASE") throws -> ConsumerSection {
        ConsumerSection(name: name, network: try NetworkName(network), match: match)
    }

    private let peer = Peer(
        processID: 7, userID: 1000, groupIDs: [100, 27], executable: "/usr/bin/bot", unit: "bot.service")

    @Test func nobodyIsAllowedWithoutARule() throws {
        #expect(Policy(consumers: []).authorise(peer, consumer: nil, network: nil) == .denied)
        let empty = Policy(consumers: [try consumer("all", PeerMatch())])
        #expect(empty.authorise(peer, consumer: nil, network: nil) == .denied)
    }

    @Test func everyKindOfARuleMustHold() throws {
        let both = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], groups: [27]))])
        #expect(both.authorise(peer, consumer: nil, network: nil) == .granted(consumer: "bot", network: "BASE"))
        let wrongGroup = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], groups: [28]))])
        #expect(wrongGroup.authorise(peer, consumer: nil, network: nil) == .denied)
        let wrongUnit = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], units: ["other.service"]))])
        #expect(wrongUnit.authorise(peer, consumer: nil, network: nil) == .denied)
    }

    @Test func whatCannotBeReadDoesNotMatch() throws {
        let policy = Policy(consumers: [try consumer("bot", PeerMatch(executables: ["/usr/bin/bot"]))])
        let unreadable = Peer(processID: 7, userID: 1000, groupIDs: [])
        #expect(policy.authorise(unreadable, consumer: nil, network: nil) == .denied)
        #expect(policy.authorise(peer, consumer: nil, network: nil) == .granted(consumer: "bot", network: "BASE"))
    }

    @Test func severalMatchesNeedANarrowerRequest() throws {
        let policy = Policy(consumers: [
            try consumer("a", PeerMatch(users: [1000])),
            try consumer("a", PeerMatch(users: [1000]), network: "OPTIMISM"),
            try consumer("b", PeerMatch(users: [1])),
        ])
        #expect(policy.authorise(peer, consumer: nil, network: nil) == .ambiguous(["a on BASE", "a on OPTIMISM"]))
        #expect(
            policy.authorise(peer, consumer: "a", network: "OPTIMISM") == .granted(consumer: "a", network: "OPTIMISM"))
        #expect(
            policy.authorise(peer, consumer: "b", network: nil) == .denied, "naming a consumer gives no right to it")
    }
}
