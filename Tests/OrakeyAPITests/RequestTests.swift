import OrakeyAPI
import StrictJSON
import Testing

/// Requests are read strictly: nothing is dropped in silence.
struct RequestTests {
    private static func parse(_ text: String) throws -> JSON { try JSON.parse(text: text) }

    @Test(arguments: [
        ("{}", CreateRequest(network: nil, count: 1)),
        (#"{"network":"BASE","count":4}"#, CreateRequest(network: "BASE", count: 4)),
        (#"{"network":null,"count":1024}"#, CreateRequest(network: nil, count: 1024)),
    ])
    func create(text: String, expected: CreateRequest) throws {
        #expect(try CreateRequest(json: Self.parse(text)) == expected)
        #expect(try CreateRequest(json: expected.json) == expected)
    }

    @Test(arguments: [
        #"{"count":0}"#, #"{"count":1025}"#, #"{"count":"4"}"#, #"{"count":1.5}"#, #"{"cuont":4}"#, #"{"network":1}"#,
        "[]",
    ])
    func createRefuses(text: String) {
        #expect(throws: JSONError.self) { try CreateRequest(json: Self.parse(text)) }
    }

    @Test func anUnknownFieldIsNamedWithTheNearestOne() throws {
        let error = #expect(throws: JSONError.self) { try RotateRequest(json: Self.parse(#"{"grace_second":5}"#)) }
        #expect(error?.kind == .unknownField("grace_second", nearest: "grace_seconds"))
    }

    @Test(arguments: [
        RotateRequest(), RotateRequest(consumer: "a", network: "BASE", graceSeconds: 0),
        RotateRequest(graceSeconds: 366 * 86400),
    ])
    func rotate(request: RotateRequest) throws {
        #expect(try RotateRequest(json: request.json) == request)
    }

    @Test(arguments: [#"{"grace_seconds":-1}"#, #"{"grace_seconds":1.5}"#, #"{"all":true}"#])
    func rotateRefuses(text: String) {
        #expect(throws: JSONError.self) { try RotateRequest(json: Self.parse(text)) }
    }

    @Test(arguments: [
        RevokeRequest(.key(LeakedKey("BASE:abc"))), RevokeRequest(.message("0x00"), network: "BASE", reason: "leaked"),
        RevokeRequest(.fingerprint("SHA256:0")), RevokeRequest(.consumer("a")), RevokeRequest(.all, reason: "\"\\"),
    ])
    func revoke(request: RevokeRequest) throws {
        #expect(try RevokeRequest(json: request.json) == request)
    }

    @Test(arguments: [
        "{}", #"{"all":false}"#, #"{"all":true,"consumer":"a"}"#, #"{"reason":"x"}"#, #"{"key":1}"#, #"{"keys":"a"}"#,
    ])
    func revokeRefuses(text: String) {
        #expect(throws: JSONError.self) { try RevokeRequest(json: Self.parse(text)) }
    }

    @Test func aReasonHasALimit() {
        let long = String(repeating: "x", count: maximumReasonBytes + 1)
        #expect(throws: JSONError.self) { try RevokeRequest(json: ["all": true, "reason": .string(long)]) }
    }

    @Test(arguments: [nil, #"in "public"\"#]) func aKeyFromSecretMemoryIsTheSameRequest(reason: String?) throws {
        let (before, after) = RevokeRequest.bodyAroundKey(reason: reason)
        let request = try RevokeRequest(json: JSON.parse(before + Array("BASE:abc".utf8) + after))
        #expect(request == RevokeRequest(.key(LeakedKey("BASE:abc")), reason: reason))
    }

    @Test func withdrawingTheRevokerIsSaidOutright() throws {
        #expect(try RevokerRequest(json: Self.parse(#"{"address":null}"#)).address == nil)
        #expect(throws: JSONError.self) { try RevokerRequest(json: Self.parse("{}")) }
    }

    @Test func aLeakedKeyPrintsAsNothing() {
        let request = RevokeRequest(.key(LeakedKey("BASE:secret")))
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] { #expect(!text.contains("secret")) }
    }
}
