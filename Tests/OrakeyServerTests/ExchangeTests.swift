import NIOCore
import NIOHTTP1
import OrakeyAPI
import OrakeyCore
import StrictJSON
import Testing

@testable import OrakeyServer

extension Exchange {
    /// A request as the handler would make it.
    init(
        _ uri: String, method: HTTPMethod = .GET, headers: [(String, String)] = [], body: String = "",
        user: UInt32 = 1000, groups: [UInt32] = [], process: UInt64 = 1
    ) throws {
        let target = try Target.parse(uri).get()
        self.init(
            method: method, path: target.path, query: target.query, headers: HTTPHeaders(headers),
            body: ByteBuffer(string: body),
            peer: Peer(processID: 1, userID: user, groupIDs: [user] + groups, process: process),
            allocator: ByteBufferAllocator())
    }
}

@Suite struct ExchangeTests {
    @Test(arguments: [("0", 0), ("5", 5), ("007", 7)])
    func numbersInTheQuery(text: String, value: Int64) throws {
        #expect(try Exchange("/?n=\(text)").integer("n", in: 0...7) == value)
        #expect(try Exchange("/").integer("n", in: 0...7) == nil)
    }

    @Test(arguments: ["", "8", "-1", "+1", "1.0", "1e0", "0x1", "%201", "99999999999999999999", "\u{661}"])
    func whatIsNoNumber(text: String) throws {
        let exchange = try Exchange("/?n=\(text)")
        #expect(throws: Refusal.self) { try exchange.integer("n", in: 0...7) }
    }

    @Test func unknownParametersAreRefused() throws {
        let exchange = try Exchange("/?after=1&limit=2")
        try exchange.allowQuery("after", "limit", "state")
        #expect(throws: Refusal.self) { try exchange.allowQuery("after") }
        #expect(throws: Refusal.self) { try exchange.allowQuery() }
    }

    @Test func anEmptyBodyIsAnEmptyObject() throws {
        #expect(try Exchange("/").json() == .object([:]))
        #expect(try Exchange("/", body: #"{"a":1}"#).json() == ["a": 1])
        for body in ["{", "{} {}", "nul", "\u{FEFF}{}", #"{"a":1,"a":2}"#] {
            let exchange = try Exchange("/", body: body)
            #expect(throws: Refusal.self) { try exchange.json() }
        }
    }

    /// An error says nothing of the body, which may be a key.
    @Test func errorsDoNotRepeatTheBody() throws {
        let exchange = try Exchange("/", body: #"{"key":"BASE:5Fsecret", nonsense}"#)
        do {
            _ = try exchange.json()
            Issue.record("taken")
        } catch let refusal as Refusal {
            #expect(!refusal.body.message.contains("secret"))
        }
    }

    @Test(arguments: ErrorCode.allCases)
    func everyErrorHasItsStatus(code: ErrorCode) {
        guard
            case .json(let status, let json, let allow, _) = Answer.failure(Refusal(code, "m", hint: "h", allow: "GET"))
        else {
            Issue.record("not JSON")
            return
        }
        #expect(Int(status.code) == code.status)
        #expect((400..<600).contains(Int(status.code)))
        #expect(json == ["error": ["code": .string(code.rawValue), "message": "m", "hint": "h"]])
        #expect(allow == "GET")
    }
}
