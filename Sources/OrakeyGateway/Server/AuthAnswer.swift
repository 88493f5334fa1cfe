import NIOCore
import NIOHTTP1

/// The answer of `/auth`, the same whichever way the question came.
struct AuthAnswer {
    let verdict: Verdict
    /// nginx's auth_request knows 2xx, 401 and 403; everything else becomes its own 500.
    let isNginx: Bool

    /// The status on the wire.
    var status: Int {
        switch verdict {
        case .granted: 200
        case .refused(let refusal): isNginx && refusal.status != 401 ? 403 : refusal.status
        }
    }

    /// Everything but length and connection.
    var headers: [(String, String)] {
        var headers = [("Cache-Control", "no-store")]
        switch verdict {
        case .granted(let grant):
            let identity = grant.identity
            headers += [
                ("X-Ora-Network", "\(identity.network)"), ("X-Ora-Owner", "\(identity.owner)"),
                ("X-Ora-Message", "\(identity.message)"), ("X-Ora-Block", "\(grant.block)"),
            ]
            if isNginx { headers.append(("X-Ora-Status", "200")) }
        case .refused(let refusal):
            headers += refusal.headers
            if isNginx { headers.append(("X-Ora-Status", "\(refusal.status)")) }
        }
        return headers
    }

    /// What a refused caller gets to read.
    var body: [UInt8] {
        switch verdict {
        case .granted: []
        case .refused(let refusal): refusal.openAIError.body
        }
    }

    /// Writes the whole response for a connection that is kept.
    func write(to buffer: inout ByteBuffer) {
        if case .granted(let grant) = verdict {
            // The one answer that is given all day: the same headers, from bytes that are ready.
            buffer.writeStaticString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\n")
            buffer.writeBytes(grant.identity.headerLines)
            buffer.writeStaticString("X-Ora-Block: ")
            buffer.writeString(String(grant.block))
            buffer.writeStaticString(isNginx ? "\r\nX-Ora-Status: 200\r\n\r\n" : "\r\n\r\n")
            return
        }
        let body = body
        buffer.writeString("HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        buffer.writeString("Content-Length: \(body.count)\r\n")
        for (name, value) in headers { buffer.writeString("\(name): \(value)\r\n") }
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(body)
    }
}

extension Refusal {
    /// What goes with the error in every role.
    var headers: [(String, String)] {
        var headers = [("Content-Type", "application/json")]
        if status == 401 { headers.append(("WWW-Authenticate", "Bearer realm=\"ora\"")) }
        if let retryAfter { headers.append(("Retry-After", "\(retryAfter)")) }
        return headers
    }
}
