import Testing

@testable import OrakeyServer

@Suite struct TargetTests {
    @Test func aTargetIsTakenApart() throws {
        let target = try Target.parse("/v1/keys?after=7&state=a%20b").get()
        #expect(target.path == "/v1/keys")
        #expect(target.query == ["after": "7", "state": "a b"])
    }

    @Test(arguments: [
        "", "v1/key", "http://host/v1/key", "/v1/key?a=1&a=2", "/%zz", "/%00", "/%c3%28", "/a?=x", "/a%0d%0ab",
    ])
    func malformedTargetsAreRefused(uri: String) {
        #expect(throws: Refusal.self) { try Target.parse(uri).get() }
    }
}
