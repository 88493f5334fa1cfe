import OrakeyAPI
import OrakeyClient
import Testing

struct ClientTests {
    @Test func everyErrorCodeHasAnExitStatus() {
        let expected: [ErrorCode: OrakeyClient.ExitStatus] = [
            .locked: .temporary, .noKey: .temporary, .chainStale: .temporary, .forbidden: .notPermitted,
            .ambiguous: .usage, .unknownKey: .negative, .malformedKey: .negative, .internalError: .software,
            .noContract: .configuration, .noProxy: .configuration,
        ]
        for (code, status) in expected { #expect(OrakeyClient.ExitStatus(code) == status) }
        for code in ErrorCode.allCases { #expect(OrakeyClient.ExitStatus(code) != .success) }
    }

    @Test func namesOfChangesDiffer() {
        let keys = Set((0..<1000).map { _ in IdempotencyKey() })
        #expect(keys.count == 1000)
        #expect(keys.allSatisfy { $0.text.hasPrefix("orakey-") && $0.text.utf8.count <= 128 })
    }

    @Test(arguments: [
        (["--json"], GetCommand(json: true)), ([], GetCommand()),
        (["--consumer", "a", "--network", "B"], GetCommand(consumer: "a", network: "B")),
    ])
    func plainArgumentsOfGet(arguments: [String], expected: GetCommand) {
        #expect(GetCommand(arguments: arguments) == expected)
    }

    @Test(arguments: [
        ["--help"], ["--consumer"], ["--consumer=a"], ["--consumer", "-x"], ["--json", "--json"], ["x"],
    ])
    func whatTheFullParserShallExplain(arguments: [String]) {
        #expect(GetCommand(arguments: arguments) == nil)
    }

    @Test func aDaemonThatIsNotThere() {
        let error = #expect(throws: ClientError.self) { try AgentClient(path: "/nonexistent/agent.sock").health() }
        #expect(error?.kind == .unreachable && error?.exitStatus == .unavailable)
        #expect(error?.description.contains("/nonexistent/agent.sock") == true)
    }
}
