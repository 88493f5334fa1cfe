import CurlHTTP
import Fuzzing
import NIOCore
import Testing

@testable import HTTPRelay

/// Heads that come in pieces.
@Suite struct HeadTests {
    private static let requestRules = FieldRules(dropping: ["cookie"], elsewhere: ["origin"])
    private static let answerRules = FieldRules(ofAnswersDropping: ["set-cookie"], noting: "x-note")

    private static func lines(_ count: Int, _ length: Int) -> String {
        (0..<count).map { "X-\($0): \(String(repeating: "a", count: length))\r\n" }.joined()
    }

    /// What a reader makes of bytes that come one by one.
    private func trickle<Result>(_ text: String, _ read: (ByteBuffer) throws -> Result?) rethrows -> Result? {
        var buffer = ByteBuffer()
        for byte in text.utf8 {
            buffer.writeInteger(byte)
            if let result = try read(buffer) { return result }
        }
        return nil
    }

    /// Many lines and long ones: what was read is not read again for each piece.
    @Test(arguments: [(60, 100), (1, 7000), (3, 2000)])
    func theWorkGrowsWithTheBytesNotWithThePieces(count: Int, length: Int) throws {
        let request =
            "POST /v1/\(String(repeating: "x", count: 900)) HTTP/1.1\r\nHost: x\r\n" + Self.lines(count, length)
            + "Content-Length: 2\r\n\r\n"
        var reader = PlainFormReader()
        let form = trickle(request) { bytes -> PlainForm? in
            if case .form(let form) = reader.read(bytes, rules: Self.requestRules) { form } else { nil }
        }
        #expect(form?.headBytes == request.utf8.count && form?.length == 2)
        #expect(reader.looks <= 3 * request.utf8.count)

        let head =
            "HTTP/1.1 200 \(String(repeating: "x", count: 900))\r\n" + Self.lines(count, 8 * length)
            + "X-Note: 1\r\nContent-Length: 2\r\n\r\n"
        var answers = PlainAnswerReader()
        let answer = try trickle(head) { try answers.read($0, rules: Self.answerRules) }
        #expect(answer?.headBytes == head.utf8.count && answer?.framing == .length(2) && answer?.note == "1")
        #expect(answers.looks <= 3 * head.utf8.count)
    }

    /// Whole or in pieces, right or wrong, it is the same head.
    @Test func piecesMakeNoDifference() {
        let samples = [
            "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: X-A, close\r\nX-A: 1\r\nX-Note: n\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]
        var random = Randomness()
        var accepted = [0, 0]
        let rounds = Fuzz.count(usually: 5000)
        for _ in 0..<rounds {
            let kind = random.below(2)
            let sample = Array(samples[kind].utf8)
            let bytes = ByteBuffer(bytes: random.below(4) == 0 ? sample : Fuzz.mutated(sample, &random))
            var pieces: [Int] = []
            while (pieces.last ?? 0) < bytes.readableBytes {
                pieces.append(min(bytes.readableBytes, (pieces.last ?? 0) + 1 + random.below(20)))
            }
            let (whole, cut) =
                kind == 0
                ? (request(bytes, [bytes.readableBytes]), request(bytes, pieces))
                : (answer(bytes, [bytes.readableBytes]), answer(bytes, pieces))
            #expect(whole == cut, "\(String(buffer: bytes).debugDescription)")
            if whole.hasPrefix("read") { accepted[kind] += 1 }
        }
        #expect(accepted.allSatisfy { $0 > rounds / 20 })
    }

    private func request(_ bytes: ByteBuffer, _ pieces: [Int]) -> String {
        var reader = PlainFormReader()
        for end in pieces {
            switch reader.read(ByteBuffer(bytes.readableBytesView.prefix(end)), rules: Self.requestRules) {
            case .form(let form): return "read \(form)"
            case .other: return "other"
            case .incomplete: continue
            }
        }
        return "incomplete"
    }

    private func answer(_ bytes: ByteBuffer, _ pieces: [Int]) -> String {
        var reader = PlainAnswerReader()
        for end in pieces {
            do throws(HTTPError) {
                let part = ByteBuffer(bytes.readableBytesView.prefix(end))
                guard let answer = try reader.read(part, rules: Self.answerRules) else { continue }
                return
                    "read \(answer.status) \(answer.framing) \(answer.kept) \(answer.isReusable) \(answer.note ?? "")"
            } catch {
                return "\(error)"
            }
        }
        return "incomplete"
    }
}
