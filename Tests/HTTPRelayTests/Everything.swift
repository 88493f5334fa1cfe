import CurlHTTP
import HTTPRelay
import NIOCore

/// Lets everything through that is plain, with a field of its own on both sides.
struct Everything: PlainRelay {
    let requestRules = FieldRules(dropping: ["authorization", "cookie"], elsewhere: ["origin"])
    let answerRules = FieldRules(ofAnswersDropping: ["set-cookie"])
    /// Called on the event loop, which waits meanwhile.
    var onAdmission: @Sendable (PlainRequest) -> Void = { _ in }

    func admit(_ request: PlainRequest, from peer: RelayPeer, isPrepared: Bool) -> PlainAdmission {
        // One path asks for time first.
        if request.target.elementsEqual("/later".utf8), !isPrepared { return .later { await Task.yield() } }
        onAdmission(request)
        return .granted(Exchange())
    }

    private final class Exchange: PlainExchange, @unchecked Sendable {
        private var tries = 0
        var requestFieldBytes: Int { 10 }
        func writeRequestFields(to buffer: inout ByteBuffer) { buffer.writeString("X-Key: \(tries)\r\n") }
        func accepts(_ answer: PlainAnswer) -> Bool { answer.status != 401 || tries > 0 }
        func renew() async -> RelayAnswer? {
            tries += 1
            return nil
        }
        func writeAnswerFields(to buffer: inout ByteBuffer) { buffer.writeString("X-Plain: 1\r\n") }
        func pass(_ piece: ByteBuffer) -> ByteBuffer { piece }
        func finish(withConnection: Bool) throws(HTTPError) -> ByteBuffer { ByteBuffer() }
        func refusal(of error: HTTPError) -> RelayAnswer { RelayAnswer(status: 502, body: Array("\(error.code)".utf8)) }
        func breakOff(_ error: HTTPError) -> ByteBuffer? { nil }
        func concluded(isWhole: Bool) {}
    }
}
