import Testing

@testable import OrakeyProxy

/// Streams, cut into pieces at every place there is.
@Suite struct EventStreamGuardTests {
    private static let stream = Array(
        "data: {\"a\":1}\n\n: comment\r\n\r\ndata: two\rdata: three\n\ndata: [DONE]\n\n".utf8)

    @Test func everyCutGivesTheSameBytesAndLines() {
        for first in 0...Self.stream.count {
            for second in first...Self.stream.count {
                var events = EventStreamGuard()
                var lines: [String] = []
                var out: [UInt8] = []
                for piece in [Self.stream[..<first], Self.stream[first..<second], Self.stream[second...]] {
                    out += events.pass(Array(piece)) { lines.append(String(decoding: $0, as: UTF8.self)) }
                }
                out += events.rest()
                #expect(out == Self.stream)
                #expect(lines == ["data: {\"a\":1}", ": comment", "data: two", "data: three", "data: [DONE]"])
                #expect(events.isDone)
            }
        }
    }

    /// Wherever it breaks off, what came is a stream of whole events, and the last one is the error.
    @Test func everyBreakLeavesWholeLines() {
        for end in 0..<Self.stream.count {
            var events = EventStreamGuard()
            let text = String(
                decoding: events.pass(Array(Self.stream[..<end])) + events.breakOff(Array("data: error\n\n".utf8)),
                as: UTF8.self)
            let lines = text.split(whereSeparator: \.isNewline).map(String.init)
            #expect(lines.last == "data: error")
            let whole: Set = [
                "data: {\"a\":1}", ": comment", "data: two", "data: three", "data: [DONE]", "data: error",
            ]
            #expect(whole.isSuperset(of: lines))
        }
    }

    @Test func aLineIsSentAsSoonAsItsEndIsThere() {
        var events = EventStreamGuard()
        #expect(events.pass(Array("data: 1".utf8)).isEmpty)
        #expect(events.pass(Array("\ndat".utf8)) == Array("data: 1\n".utf8))
        #expect(events.pass(Array("a: 2\n".utf8)) == Array("data: 2\n".utf8))
    }

    @Test func aLineWithoutEndIsNotKeptForEver() {
        var events = EventStreamGuard()
        let long = [UInt8](repeating: 0x61, count: EventStreamGuard.longestLine + 1)
        #expect(events.pass(long) == long)
        var lines = 0
        #expect(events.pass(Array("bc\nnext\n".utf8)) { _ in lines += 1 } == Array("bc\nnext\n".utf8))
        // The line of which only the end was seen is none.
        #expect(lines == 1)
        #expect(events.pass(long) == long)
        #expect(events.breakOff([0x21]) == Array("\n\n!".utf8))
    }
}
