import EthereumWallet
import StrictJSON
import Testing

@testable import OrakeyGateway

@Suite struct EventStreamSealerTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What passes, with the closing event's place marked.
    private func pass(_ pieces: [[UInt8]]) throws -> (text: String, sealer: EventStreamSealer) {
        var sealer = EventStreamSealer()
        var out: [UInt8] = []
        func add(_ steps: [EventStreamSealer.Step]) {
            for step in steps {
                switch step {
                case .bytes(let bytes): out += bytes
                case .close: out += bytes("<CLOSE>")
                }
            }
        }
        for piece in pieces { add(try sealer.take(piece)) }
        add(try sealer.end())
        return (String(decoding: out, as: UTF8.self), sealer)
    }

    private func hash(_ sealer: EventStreamSealer) throws -> String {
        let event = sealer.closingEvent(requestHash: "r", searchResult: nil)
        let json = try JSON.parse(event.dropFirst(6).dropLast(2))
        return try #require(json["responseHash"]?.stringValue)
    }

    private let stream = ": hello\r\n\r\ndata: {\"id\":\"1\"}\n\nevent: x\rdata:two\r\rdata: [DONE]\n\n"

    @Test func everythingPassesUntouchedAndTheCloseComesBeforeTheMark() throws {
        let (text, sealer) = try pass([bytes(stream)])
        #expect(text == stream.replacing("data: [DONE]", with: "<CLOSE>data: [DONE]"))
        #expect(sealer.isDone)
        #expect(
            try hash(sealer) == ResponseHash.hex(SHA256.hash(bytes("data: {\"id\":\"1\"}\ndata:two\ndata: [DONE]\n"))))
    }

    @Test func piecesMakeNoDifference() throws {
        let whole = try pass([bytes(stream)])
        for _ in 0..<200 {
            var pieces: [[UInt8]] = []
            var rest = bytes(stream)[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(9, rest.count))
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let found = try pass(pieces)
            #expect(found.text == whole.text)
            #expect(try hash(found.sealer) == hash(whole.sealer))
        }
    }

    @Test func aLineWithoutItsEndGetsOne() throws {
        let (text, sealer) = try pass([bytes("data: x")])
        #expect(text == "data: x\n\n")
        #expect(!sealer.isDone)
        #expect(try hash(sealer) == ResponseHash.hex(SHA256.hash(bytes("data: x\n"))))
    }

    @Test func aLineMayNotGrowForEver() throws {
        var sealer = EventStreamSealer()
        let part = [UInt8](repeating: 0x61, count: EventStreamSealer.longestLine / 2)
        _ = try sealer.take(part)
        _ = try sealer.take(part)
        #expect(throws: EventStreamSealer.Overlong.self) { try sealer.take([0x61]) }
    }

    @Test func usageAndNamesAreRead() throws {
        let events = """
            data: {"id":"a","object":"o","created":1,"model":"m","choices":[{"delta":{"content":"x"}}],"usage":null}

            data: {"id":"a","usage":{"prompt_tokens":3,"completion_tokens":4}}

            data: {"usage":"nonsense"}


            """
        let (_, sealer) = try pass([bytes(events)])
        #expect(sealer.usage?.prompt == 3 && sealer.usage?.completion == 4)
        let event = String(decoding: sealer.closingEvent(requestHash: "r", searchResult: []), as: UTF8.self)
        #expect(
            event.hasPrefix(#"data: {"id":"a","object":"o","created":1,"model":"m","choices":[],"search_result":[],"#))
        #expect(event.hasSuffix("\n\n"))
    }
}

@Suite struct TaskRoutesTests {
    @Test func aTaskIsAskedForWhereItWasMadeAndEverywhereWhenForgotten() {
        let routes = TaskRoutes()
        #expect(routes.backends(for: "/v1/videos/result/a", among: 3) == [0, 1, 2])
        routes.note("a", backend: 2)
        #expect(routes.backends(for: "/v1/videos/result/a", among: 3) == [2])
        #expect(routes.backends(for: "/v1/videos/result/a?x=y", among: 3) == [2])
        for number in 0..<65_536 { routes.note("t\(number)", backend: 1) }
        #expect(routes.backends(for: "/v1/videos/result/a", among: 3) == [0, 1, 2])
        #expect(routes.backends(for: "/v1/videos/result/t65535", among: 3) == [1])
    }
}
