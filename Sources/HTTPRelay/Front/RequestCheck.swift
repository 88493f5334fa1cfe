import NIOHTTP1

/// What can be refused from a head alone. Where two readers could understand a request differently, it is refused: that
/// is how requests are smuggled past a relay (RFC 9112, sections 3.2, 6.1 and 6.3).
enum RequestCheck {
    struct Framing: Equatable {
        /// Announced bytes; nil for a chunked body.
        let length: Int?
        let expectsContinue: Bool
    }

    static func framing(of head: HTTPRequestHead, limits: RelayLimits) throws(RequestProblem) -> Framing {
        let size = head.uri.utf8.count + head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard size <= limits.headBytes, head.headers.count <= limits.headerCount,
            head.uri.utf8.count <= limits.targetBytes
        else { throw .headTooLarge(limit: limits.headBytes) }
        guard head.version == .http1_1 || head.version == .http1_0 else { throw .malformed("HTTP/1.1 is spoken here") }
        guard head.method != .CONNECT, head.method != .TRACE else {
            throw .malformed("this method is not relayed")
        }
        guard head.uri.utf8.first == UInt8(ascii: "/"),
            head.uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { throw .malformed("the request target is not an absolute path") }
        for (name, value) in head.headers {
            guard isPlain(value)
            else { throw .malformed("the value of header \(name) holds a character it must not have") }
        }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0 else {
            throw .malformed("there must be one Host header")
        }
        return Framing(length: try length(of: head), expectsContinue: try expectation(of: head))
    }

    private static func isPlain(_ value: String) -> Bool {
        var isASCII = true
        for byte in value.utf8 {
            if byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
            if byte >= 0x80 { isASCII = false }
        }
        // Where the parser met bytes that are not UTF-8 it put U+FFFD.
        return isASCII || !value.unicodeScalars.contains("\u{FFFD}")
    }

    private static func length(of head: HTTPRequestHead) throws(RequestProblem) -> Int? {
        let codings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        if !codings.isEmpty {
            guard lengths.isEmpty, head.version == .http1_1, codings.count == 1,
                codings[0].lowercased() == "chunked"
            else { throw .malformed("the request's length is ambiguous") }
            return nil
        }
        guard let text = lengths.first else { return 0 }
        guard lengths.count == 1, !text.isEmpty, text.utf8.count <= 15,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text)
        else { throw .malformed("the request's length is ambiguous") }
        return length
    }

    private static func expectation(of head: HTTPRequestHead) throws(RequestProblem) -> Bool {
        let values = head.headers["expect"]
        guard !values.isEmpty, head.version == .http1_1 else { return false }
        guard values.count == 1, values[0].lowercased() == "100-continue" else { throw .unknownExpectation }
        return true
    }
}
