public import CurlHTTP
import Glibc
import LocalSockets

/// A request whose head was checked and whose body may still be coming.
public struct RelayRequest: Sendable {
    /// The method, a token.
    public let method: String
    /// The target in origin form, as received: begins with `/`, visible ASCII, no fragment.
    public let target: String
    /// All header fields in order, as received.
    public let headers: [HTTPField]
    /// Who asks.
    public let peer: RelayPeer
    /// Bytes of the body where announced; nil for a chunked body.
    public let contentLength: Int?
    /// The body, empty where there is none.
    public let body: RequestBody

    /// The path of the target, without the query.
    public var path: Substring { target.prefix { $0 != "?" } }
}

/// Who is at the other end of a connection.
public enum RelayPeer: Sendable {
    /// A process, over a Unix socket.
    case process(RelayProcess)
    /// Anybody on this host, over a loopback port.
    case loopback
}

/// A process as the kernel vouches for it.
public struct RelayProcess: Sendable {
    public let processID: Int32
    public let userID: UInt32
    /// Primary and supplementary groups.
    public let groupIDs: [UInt32]
    /// A number that no other process of this boot has, whatever becomes of its pid.
    public let number: UInt64
    let credentials: PeerReader.Credentials
    let descriptor: ProcessDescriptor?

    /// Executable and systemd units, read now: a process can replace its executable.
    public var details: (executable: String?, units: [String]) {
        PeerReader.details(credentials, descriptor: descriptor?.number)
    }
}

/// Keeps the pidfd of a peer open as long as anybody may ask.
final class ProcessDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }
}

/// Answers requests of a front.
public protocol RelayHandler: Sendable {
    /// Answers one request. Runs on the connection's event loop, so it must not block; cancelled when the client is gone
    /// or the front ends. An answer that was begun and not finished cuts the connection, so that nobody takes it for
    /// whole.
    func handle(_ request: RelayRequest, _ answer: AnswerWriter) async

    /// What a client is told whose request never reached ``handle(_:_:)``.
    func refusal(of problem: RequestProblem) -> RelayAnswer
}

/// A whole answer.
public struct RelayAnswer: Sendable {
    public var status: Int
    public var headers: [HTTPField]
    public var body: [UInt8]

    public init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
