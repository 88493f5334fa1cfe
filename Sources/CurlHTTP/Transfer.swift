internal import CCurl
internal import CLinuxShims
internal import Glibc

/// Takes what arrives. Called on the loop's thread only, so it must not block.
protocol TransferReceiver: AnyObject, Sendable {
    /// The final head, once.
    func receive(_ head: HTTPResponseHead)
    /// A piece of the body. False refuses it for now: the transfer pauses and offers it again when resumed.
    func receive(_ piece: UnsafeRawBufferPointer) -> Bool
    /// The end, once; with the number of connections opened.
    func finish(_ result: Result<Int, HTTPError>)
}

/// One exchange on its way. Everything mutable belongs to the loop's thread, which is why `@unchecked` holds.
@safe final class Transfer: @unchecked Sendable {
    /// Status line and fields of one answer, in bytes.
    static let maxHeadBytes = 64 * 1024

    let request: HTTPRequest
    let receiver: any TransferReceiver

    private(set) var easy: UnsafeMutableRawPointer?
    private var resources = TransferResources()
    private var head = HTTPResponseHead(status: 0, headers: [])
    private var headBytes = 0
    private var headIsComplete = false
    private var bodyBytes = 0
    /// Why a callback ended the transfer; libcurl itself only knows that it did.
    private var abortion: HTTPError?
    private var lastActivity: Int64 = 0
    private var lastUpload: Int64 = 0
    /// When the upload was last looked at.
    private var lastLook: Int64 = 0
    var isPaused = false
    /// The upload had nothing to send.
    var uploadIsPaused = false
    /// The kept connection that libcurl chose can't be used; see ``KeptConnections``.
    private(set) var hasRefusedConnection = false
    private var kept: KeptConnections?
    /// The cancellation overtook the start.
    var isCancelled = false

    init(request: HTTPRequest, receiver: any TransferReceiver) {
        self.request = request
        self.receiver = receiver
    }

    /// Sets the handle up for the request. The transfer owns it until ``release()``.
    func attach(_ handle: UnsafeMutableRawPointer, _ kept: KeptConnections) throws(HTTPError) {
        unsafe easy = handle
        self.kept = kept
        hasRefusedConnection = false
        lastActivity = orakey_monotonic_milliseconds()
        lastLook = lastActivity
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe resources.configure(handle, for: request, context: context)
        try unsafe resources.watch(handle, kept)
    }

    /// Gives the handle back, no longer pointing to anything of this transfer.
    func release() -> UnsafeMutableRawPointer? {
        guard let handle = unsafe easy else { return nil }
        unsafe easy = nil
        unsafe curl_easy_reset(handle)
        resources.free()
        return unsafe handle
    }

    // MARK: Callbacks

    /// Whether the request may go out on this connection.
    func mayUse(_ ends: ConnectionEnds) -> Bool {
        hasRefusedConnection = kept?.take(ends) == false
        return !hasRefusedConnection
    }

    /// Takes one header line, the status line and the empty line included. False ends the transfer.
    func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        lastActivity = orakey_monotonic_milliseconds()
        // What follows the body are trailers, which nobody here reads.
        if headIsComplete { return true }
        headBytes += line.count
        guard headBytes <= Self.maxHeadBytes else {
            return abort(.tooLarge, "the answer's head is larger than \(Self.maxHeadBytes) bytes")
        }
        var bytes = unsafe line[...]
        while let last = unsafe bytes.last, last == 0x0A || last == 0x0D || last == 0x20 || last == 0x09 {
            unsafe bytes.removeLast()
        }
        if unsafe bytes.isEmpty {
            guard head.status >= 200 else { return true }
            headIsComplete = true
            receiver.receive(head)
            return true
        }
        if unsafe bytes.starts(with: "HTTP/".utf8) {
            guard let status = unsafe Self.status(in: bytes) else {
                return abort(.malformedResponse, "the answer has no status code")
            }
            head = unsafe HTTPResponseHead(status: status, headers: [], isHTTP1: bytes.starts(with: "HTTP/1".utf8))
            return true
        }
        guard let colon = unsafe bytes.firstIndex(of: 0x3A) else {
            return abort(.malformedResponse, "the answer has a header line without a colon")
        }
        let name = unsafe bytes[..<colon]
        let value = unsafe bytes[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
        guard unsafe isToken(name) else {
            return abort(.malformedResponse, "the answer has a header name with a character it must not have")
        }
        // libcurl ends lines at LF alone; another reader of the same head may end one at this character.
        guard unsafe value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            return abort(.malformedResponse, "the answer has a header value with a control character")
        }
        guard let name = unsafe String(validating: name, as: UTF8.self),
            let value = unsafe String(validating: value, as: UTF8.self)
        else { return abort(.malformedResponse, "the answer has a header that is not UTF-8") }
        head.headers.append(HTTPField(name, value))
        return true
    }

    /// The second word of a status line, from 100 to 999.
    private static func status(in line: Slice<UnsafeRawBufferPointer>) -> Int? {
        let rest = unsafe line.drop { $0 != 0x20 }.drop { $0 == 0x20 }
        let digits = unsafe rest.prefix { $0 != 0x20 }
        guard unsafe digits.count == 3, unsafe digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let status = unsafe digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return status >= 100 ? status : nil
    }

    /// Takes bytes of the upload; nil when there are none yet.
    func giveBody(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        lastActivity = orakey_monotonic_milliseconds()
        guard let upload = request.upload else { return 0 }
        switch unsafe upload.read(into: room) {
        case .bytes(let count): return count
        case .nothingYet:
            uploadIsPaused = true
            return nil
        }
    }

    enum BodyVerdict { case taken, paused, aborted }

    func takeBody(_ piece: UnsafeRawBufferPointer) -> BodyVerdict {
        lastActivity = orakey_monotonic_milliseconds()
        guard piece.count <= request.maxResponseBytes - bodyBytes else {
            _ = abort(.tooLarge, "the answer is larger than \(request.maxResponseBytes) bytes")
            return .aborted
        }
        guard unsafe receiver.receive(piece) else {
            isPaused = true
            return .paused
        }
        bodyBytes += piece.count
        return .taken
    }

    private func abort(_ code: HTTPError.Code, _ reason: String) -> Bool {
        abortion = HTTPError(code, "\(request.url): \(reason)", mayHaveBeenSent: true)
        return false
    }

    // MARK: Idle time

    /// When the limit is reached if nothing moves; nil without one.
    private var idleDeadline: Int64? {
        guard !isPaused, !uploadIsPaused, let idle = request.timeouts.idle else { return nil }
        return lastActivity + Int64(idle.milliseconds)
    }

    /// When the transfer is next worth a look. Nothing tells that a body goes out: while one does, it is looked at so often
    /// that the limit is passed by a fraction only.
    var nextLook: Int64? {
        guard let idleDeadline, let idle = request.timeouts.idle else { return nil }
        let isSent = lastUpload >= Int64(request.body?.count ?? 0) && isUnderWay
        return isSent ? idleDeadline : min(idleDeadline, lastLook + Int64(idle.milliseconds) / Self.looksPerLimit + 1)
    }

    private static let looksPerLimit: Int64 = 8

    /// The connection stands, and the request goes out on it.
    private var isUnderWay: Bool {
        guard let easy = unsafe easy else { return false }
        return unsafe Self.offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
    }

    /// Whether nothing has moved for too long. Time before the request is under way does not count: the connect limit
    /// rules there.
    func isIdle(at now: Int64) -> Bool {
        guard let nextLook, now >= nextLook, let easy = unsafe easy else { return false }
        lastLook = now
        let uploaded = unsafe Self.offset(easy, CURLINFO_SIZE_UPLOAD_T)
        guard isUnderWay, uploaded == lastUpload else {
            lastUpload = uploaded
            lastActivity = now
            return false
        }
        return idleDeadline.map { now >= $0 } ?? false
    }

    func touch() { lastActivity = orakey_monotonic_milliseconds() }

    // MARK: The end

    /// Remembers the connection, which may be kept. One of HTTP/2 is never silent, and has numbers for its answers.
    func noteConnection(after code: CURLcode) {
        guard code == CURLE_OK, head.isHTTP1, request.url.unixSocketPath == nil, let easy = unsafe easy else { return }
        var socket: curl_socket_t = -1
        _ = unsafe orakey_curl_get_socket(easy, &socket)
        guard socket >= 0 else { return }
        let ends = unsafe ConnectionEnds(
            local: Self.text(easy, CURLINFO_LOCAL_IP), localPort: Self.number(easy, CURLINFO_LOCAL_PORT),
            remote: Self.text(easy, CURLINFO_PRIMARY_IP), remotePort: Self.number(easy, CURLINFO_PRIMARY_PORT))
        kept?.note(socket, ends)
    }

    /// Whether the server may have seen the request.
    var mayHaveBeenSent: Bool {
        guard let easy = unsafe easy else { return false }
        var size = 0
        _ = unsafe orakey_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &size)
        return unsafe size > 0 || Self.offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
    }

    func result(of code: CURLcode) -> Result<Int, HTTPError> {
        if let abortion { return .failure(abortion) }
        guard code == CURLE_OK else { return .failure(failure(for: code)) }
        guard headIsComplete, let easy = unsafe easy else {
            return .failure(HTTPError(.malformedResponse, "\(request.url): no answer", mayHaveBeenSent: true))
        }
        return unsafe .success(Self.number(easy, CURLINFO_NUM_CONNECTS))
    }

    private func failure(for code: CURLcode) -> HTTPError {
        let sent = mayHaveBeenSent
        var isConnected = false
        if let easy = unsafe easy { isConnected = unsafe Self.offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 }
        var kind = HTTPError.Code(curl: code, isConnected: isConnected)
        let known = unsafe curl_easy_strerror(code).map { unsafe String(cString: $0) } ?? "failed"
        var detail = resources.errorText
        if detail.contains("://") || detail.contains("@") {
            // libcurl quotes the address of a proxy that it cannot use, password and all.
            let isProxy = detail.contains("proxy")
            detail = isProxy ? "the proxy's address in the environment is not usable" : known
            if isProxy { kind = .proxy }
        } else if request.url.unixSocketPath != nil, code == CURLE_COULDNT_CONNECT {
            // It would tell of a port of localhost.
            detail = "nothing answers at this socket"
        }
        return HTTPError(kind, "\(request.url): \(detail.isEmpty ? known : detail)", mayHaveBeenSent: sent)
    }

    private static func number(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
        var value = 0
        _ = unsafe orakey_curl_get_long(easy, info, &value)
        return value
    }

    private static func text(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> String {
        var value: UnsafePointer<CChar>?
        _ = unsafe orakey_curl_get_string(easy, info, &value)
        return unsafe value.map { unsafe String(cString: $0) } ?? ""
    }

    private static func offset(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        _ = unsafe orakey_curl_get_offset(easy, info, &value)
        return Int64(value)
    }
}

extension HTTPError.Code {
    /// libcurl's codes in the words of this module.
    init(curl code: CURLcode, isConnected: Bool) {
        switch code {
        case CURLE_URL_MALFORMAT: self = .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST: self = .nameNotFound
        case CURLE_COULDNT_CONNECT: self = .notReachable
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: self = .proxy
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut(isConnected ? .total : .connect)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            self = .tls
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM,
            CURLE_SEND_FAIL_REWIND:
            self = .closed
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: self = .malformedResponse
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge
        default: self = .other(Int(code.rawValue))
        }
    }
}
