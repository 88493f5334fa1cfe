/// The head of a request as bytes; refuses what would end a line or the head early.
enum RequestHead {
    static func bytes(
        method: String, target: String, headers: [(name: String, value: String)], contentLength: Int?
    ) throws(UnixHTTPError) -> [UInt8] {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else { throw invalid("the method is not a token") }
        guard target.utf8.first == 0x2F, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("the target must begin with / and hold visible ASCII only")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes += method.utf8
        bytes.append(0x20)
        bytes += target.utf8
        bytes += " HTTP/1.1\r\nHost: localhost\r\n".utf8
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
                throw invalid("a header name is not a token")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw invalid("a header value holds a control character")
            }
            bytes += name.utf8
            bytes += ": ".utf8
            bytes += value.utf8
            bytes += "\r\n".utf8
        }
        if let contentLength {
            bytes += "Content-Length: ".utf8
            bytes += String(contentLength).utf8
            bytes += "\r\n".utf8
        }
        bytes += "\r\n".utf8
        return bytes
    }

    private static func invalid(_ what: String) -> UnixHTTPError {
        UnixHTTPError(.invalidRequest, "the request cannot be sent: \(what)")
    }
}
