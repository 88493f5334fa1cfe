import EthereumWallet
import OrakeyCore
import StrictJSON
import Testing

@testable import OrakeyProxy

/// What is read out of bodies, and what is kept of it.
@Suite struct UsageTests {
    private func record(_ consumer: String, _ model: String, status: Int = 200) -> ExchangeRecord {
        ExchangeRecord(
            key: UsageKey(consumer: consumer, network: "BASE", model: model, fingerprint: "SHA256:00"), time: 1,
            status: status, promptTokens: 2, completionTokens: 3, bytesUp: 4, bytesDown: 5, milliseconds: 6,
            firstByteMilliseconds: 7, requestHash: "", responseHash: nil, check: .absent)
    }

    @Test func addsUp() throws {
        let book = UsageBook()
        book.add(record("a", "m"))
        book.add(record("a", "m", status: 500))
        book.add(record("b", "m"))
        #expect(book.rows.map(\.key.consumer) == ["a", "b"])
        let row = try #require(book.rows.first?.row)
        #expect(row.requests == 2 && row.statuses == [200: 1, 500: 1] && row.promptTokens == 4)
        #expect(row.completionTokens == 6 && row.bytesUp == 8 && row.bytesDown == 10)
        #expect(row.milliseconds == 12 && row.firstByteMilliseconds == 14)
    }

    /// A consumer that makes models up loses its own rows, not those of others.
    @Test func isBounded() {
        let book = UsageBook()
        book.add(record("quiet", "m"))
        for number in 0..<2000 {
            book.add(record("loud", "often"))
            book.add(record("loud", "m\(number)"))
        }
        #expect(book.rows.count == 1 + UsageBook.rowsPerConsumer)
        #expect(book.rows.contains { $0.key.consumer == "quiet" })
        #expect(book.rows.first { $0.key.model == "often" }?.row.requests == 2000)
        let kept = book.exchanges(5000)
        #expect(kept.count == UsageBook.exchangesKept)
        #expect(kept.first?.key.model == "m1999" && kept[2].key.model == "m1998")
        #expect(book.exchanges(1).count == 1)
    }

    @Test(
        arguments: [
            ("", nil, nil), ("[]", nil, nil), (#"{"model":"m"}"#, "m", nil), (#"{"model":7}"#, nil, nil),
            (#"{"model":"a b"}"#, nil, nil), (#"{"model":"a\nb"}"#, nil, nil), (#"{"model":""}"#, nil, nil),
            (#"{"usage":{"prompt_tokens":5}}"#, nil, 5), (#"{"usage":{"input_tokens":5}}"#, nil, 5),
            (#"{"usage":{"prompt_tokens":-5}}"#, nil, nil), (#"{"usage":{"prompt_tokens":1e3}}"#, nil, nil),
            (#"{"usage":{"prompt_tokens":99999999999999999999}}"#, nil, nil), (#"{"usage":null}"#, nil, nil),
            (#"{"model":"m","model":"n"}"#, nil, nil),
        ] as [(String, String?, UInt64?)])
    func bodiesAreHostile(text: String, model: String?, tokens: UInt64?) {
        let facts = BodyFacts(parsing: text.utf8)
        #expect(facts.model == model)
        #expect(facts.promptTokens == tokens)
        #expect(BodyFacts(parsing: #"{"model":"\#(String(repeating: "m", count: 129))"}"#.utf8).model == nil)
    }

    /// Exchanges are read together, and whoever asks hears of all of them.
    @Test func whatWaitsIsReadWhenSomebodyAsks() {
        let book = UsageBook()
        for number in 1...(2 * UsageBook.mostUnread + 1) {
            book.add(EndedExchange(meter: meter(#"{"model":"m"}"#), status: 200, scheme: nil))
            #expect(book.unread == number % UsageBook.mostUnread)
        }
        #expect(book.rows.map(\.row.requests) == [UInt64(2 * UsageBook.mostUnread + 1)] && book.unread == 0)
        #expect(book.rows.first?.key.model == "m")
        book.add(EndedExchange(meter: meter(#"{"model":"n"}"#), status: 500, scheme: nil))
        #expect(book.unread == 1 && book.exchanges(1).first?.key.model == "n" && book.unread == 0)
    }

    /// Bodies that take long to read don't wait for more of them, and nobody waits for them.
    @Test func whatTakesLongIsReadAtOnceAndElsewhere() async {
        let book = UsageBook()
        let text = String(repeating: "a", count: UsageBook.mostUnreadBytes)
        book.add(EndedExchange(meter: meter(#"{"model":"m","x":"\#(text)"}"#), status: 200, scheme: nil))
        while book.unread > 0 { await Task.yield() }
        #expect(book.rows.first?.key.model == "m")
    }

    /// Nothing of a body is kept for long.
    @Test func nothingWaitsForLong() async {
        let book = UsageBook()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await book.keepUp() }
            for _ in 0..<2 {
                book.add(EndedExchange(meter: meter("{}"), status: 200, scheme: nil))
                while book.unread > 0 { await Task.yield() }
            }
            tasks.cancelAll()
        }
        #expect(book.rows.map(\.row.requests) == [2])
    }

    private func meter(_ request: String) -> ExchangeMeter {
        var meter = ExchangeMeter(
            ConsumerName(consumer: "a", network: "BASE"), time: Timestamp(milliseconds: 0))
        meter.sends(Array(request.utf8))
        return meter
    }

    /// The example of the scheme: SHA-256 of the body, and of the canonical answer without the hashes.
    @Test func hashesOfAnAnswerAreChecked() {
        let request = #"{"model":"m"}"#
        let sent = ExchangeHashes.text(SHA256.hash(Array(request.utf8)))
        let right = ExchangeHashes.text(SHA256.hash(Array(#"{"a":1,"b":[2.5,"x"]}"#.utf8)))
        func check(_ requestHash: String, _ responseHash: String, _ scheme: String?) -> HashCheck {
            var meter = meter(request)
            meter.answers(asStream: false)
            meter.receives(
                Array(
                    #"{"b":[2.50,"x"], "requestHash":"\#(requestHash)","responseHash":"\#(responseHash)","a":1}"#.utf8))
            return meter.record(status: 200, scheme: scheme).check
        }
        #expect(check(sent, right, "sha256-jcs") == .match)
        #expect(check(sent, sent, "sha256-jcs") == .mismatch)
        #expect(check(right, right, "sha256-jcs") == .mismatch)
        #expect(check(sent, right, nil) == .unchecked)
        #expect(check(sent, right, "other") == .unchecked)
        #expect(check("", "", "sha256-jcs") == .absent)
    }

    @Test func hashesOfAStreamAreChecked() {
        let lines = [#"data: {"model":"m","choices":[]}"#, "data: two", "data: [DONE]"]
        let right = ExchangeHashes.text(SHA256.hash(lines.flatMap { Array(($0 + "\n").utf8) }))
        let sent = ExchangeHashes.text(SHA256.hash(Array("{}".utf8)))
        for (hash, expected) in [(right, HashCheck.match), (sent, .mismatch)] {
            var meter = meter("{}")
            meter.answers(asStream: true)
            let seal = #"data: {"requestHash":"\#(sent)","responseHash":"\#(hash)"}"#
            for line in [lines[0], ": comment", lines[1], seal, lines[2]] {
                meter.receives(line: Array(line.utf8)[...])
            }
            let record = meter.record(status: 200, scheme: "sha256-jcs")
            #expect(record.check == expected)
            #expect(record.key.model == "m")
        }
    }
}
