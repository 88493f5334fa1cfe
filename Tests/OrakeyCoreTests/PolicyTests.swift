import OrakeyConfig
import OrakeyCore
import OrakeyKey
import Testing

@Suite struct PolicyTests {
    private func consumer(_ name: String, _ match: PeerMatch, network: String = "BASE") throws -> ConsumerSection {
        ConsumerSection(name: name, network: try NetworkName(network), match: match)
    }

    private let peer = Peer(
        processID: 7, userID: 1000, groupIDs: [100, 27], executable: "/usr/bin/bot",
        units: ["system.slice", "bot.service"])

    @Test func nobodyIsAllowedWithoutARule() throws {
        #expect(Policy(consumers: []).authorise(peer, consumer: nil, network: nil).isDenied)
        let empty = Policy(consumers: [try consumer("all", PeerMatch())])
        #expect(empty.authorise(peer, consumer: nil, network: nil).isDenied)
    }

    @Test func everyKindOfARuleMustHold() throws {
        let both = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], groups: [27]))])
        #expect(both.authorise(peer, consumer: nil, network: nil) == .granted(consumer: "bot", network: "BASE"))
        let wrongGroup = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], groups: [28]))])
        #expect(wrongGroup.authorise(peer, consumer: nil, network: nil).isDenied)
        let wrongUnit = Policy(consumers: [try consumer("bot", PeerMatch(users: [1000], units: ["other.service"]))])
        #expect(wrongUnit.authorise(peer, consumer: nil, network: nil).isDenied)
    }

    @Test func whatCannotBeReadDoesNotMatch() throws {
        let policy = Policy(consumers: [try consumer("bot", PeerMatch(executables: ["/usr/bin/bot"]))])
        let unreadable = Peer(processID: 7, userID: 1000, groupIDs: [])
        #expect(policy.authorise(unreadable, consumer: nil, network: nil).isDenied)
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
            policy.authorise(peer, consumer: "b", network: nil).isDenied, "naming a consumer gives no right to it")
    }

    @Test func theReasonNamesWhatCameNearest() throws {
        func reason(_ peer: Peer, _ matches: PeerMatch..., consumer: String? = nil) throws -> String? {
            let policy = Policy(consumers: try matches.map { try self.consumer("bot", $0) })
            guard case .denied(let denial) = policy.authorise(peer, consumer: consumer, network: nil) else {
                return nil
            }
            return denial.description
        }
        let bare = Peer(processID: 7, userID: 1000, groupIDs: [])
        #expect(try reason(peer, PeerMatch(users: [1])) == "no consumer for this user")
        #expect(try reason(peer, PeerMatch(users: [1000], groups: [1])) == "bot: not in the group")
        #expect(try reason(peer, PeerMatch(executables: ["/bin/x"])) == "bot: another executable")
        #expect(try reason(bare, PeerMatch(executables: ["/bin/x"])) == "bot: the executable can't be read")
        #expect(try reason(peer, PeerMatch(units: ["x.service"])) == "bot: another systemd unit")
        #expect(try reason(bare, PeerMatch(units: ["x.service"])) == "bot: in no systemd unit")
        #expect(try reason(peer, PeerMatch(users: [1000]), consumer: "other") == "no consumer of that name and network")
        #expect(
            try reason(peer, PeerMatch(users: [1]), PeerMatch(users: [1000], units: ["x.service"]))
                == "bot: another systemd unit", "the nearest of several")
    }
}

extension Policy.Verdict {
    fileprivate var isDenied: Bool { if case .denied = self { true } else { false } }
}
