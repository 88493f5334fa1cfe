public import CurlHTTP
public import NIOCore

/// Decides about requests of the plain form before a front's full parser and handler would, and by the same rules. Runs
/// on the connection's event loop and may not block.
public protocol PlainRelay: Sendable {
    /// The fields of requests.
    var requestRules: FieldRules { get }
    /// The fields of answers.
    var answerRules: FieldRules { get }

    /// Whether this request is relayed the short way.
    ///
    /// - Parameter isPrepared: what ``PlainAdmission/later(_:)`` asked for was done for this very request.
    func admit(_ request: PlainRequest, from peer: RelayPeer, isPrepared: Bool) -> PlainAdmission
}

/// What becomes of a request of the plain form.
public enum PlainAdmission {
    case granted(any PlainExchange)
    /// Something has to be done first, which takes a while.
    case later(@Sendable () async -> Void)
    /// The full front has to see it: to refuse it, for example.
    case elsewhere
}

/// Accompanies one admitted request. All calls come from the connection's event loop but ``renew()``, during which there
/// are no others.
public protocol PlainExchange: AnyObject, Sendable {
    /// Bytes that ``writeRequestFields(to:)`` will write, at most.
    var requestFieldBytes: Int { get }
    /// Writes fields that are added to the request, each with its line end.
    func writeRequestFields(to buffer: inout ByteBuffer)
    /// Looks at the head of an answer, before anything of it goes out. False drops the answer: the request is sent once
    /// more after ``renew()``.
    func accepts(_ answer: PlainAnswer) -> Bool
    /// Makes other fields for the request; or an answer that takes the place of another try.
    func renew() async -> RelayAnswer?
    /// Writes fields that are added to the answer, each with its line end.
    func writeAnswerFields(to buffer: inout ByteBuffer)
    /// A piece of the body on its way; returns what can go out now.
    func pass(_ piece: ByteBuffer) -> ByteBuffer
    /// The upstream has ended the body; returns what is left of it.
    ///
    /// - Parameter withConnection: nothing but the end of the connection says so.
    func finish(withConnection: Bool) throws(HTTPError) -> ByteBuffer
    /// The upstream failed before its answer began.
    func refusal(of error: HTTPError) -> RelayAnswer
    /// The upstream failed within its answer; returns what brings the answer to a good end, or nil where the connection
    /// is to be cut.
    func breakOff(_ error: HTTPError) -> ByteBuffer?
    /// The exchange is over: its answer is out, or will never be. Called once.
    func concluded(isWhole: Bool)
}
