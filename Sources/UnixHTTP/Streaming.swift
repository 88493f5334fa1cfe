extension UnixHTTPConnection {
    /// The next line of the body without its line end (LF or CR LF); nil at the end of the body.
    ///
    /// - Parameter limit: a line longer than this many bytes is an error.
    public mutating func nextLine(limit: Int = 256 * 1024, deadline: Deadline) throws(UnixHTTPError) -> [UInt8]? {
        var line: [UInt8] = []
        var started = false
        while let range = try nextPayload(deadline: deadline) {
            started = true
            let newline = withPayload(range) { bytes in bytes.indices.first { bytes[$0] == 0x0A } }
            let upper = range.lowerBound + (newline ?? range.count)
            guard line.count + (upper - range.lowerBound) <= limit else {
                throw UnixHTTPError(.tooLarge, "a line of the answer is longer than \(limit) bytes")
            }
            withPayload(range.lowerBound..<upper) { bytes in
                for index in bytes.indices { line.append(bytes[index]) }
            }
            guard newline != nil else { continue }
            keep(upper + 1..<range.upperBound)
            if line.last == 0x0D { line.removeLast() }
            return line
        }
        return started ? line : nil
    }

    /// The next event of an event stream; nil once the server has ended it.
    ///
    /// - Parameter parser: keeps what was read of the event so far, so pass the same one each time.
    public mutating func nextEvent(
        _ parser: inout EventStreamParser, deadline: Deadline
    ) throws(UnixHTTPError) -> ServerSentEvent? {
        while let range = try nextPayload(deadline: deadline) {
            for index in range {
                guard let event = try parser.push(byte(at: index)) else { continue }
                keep(index + 1..<range.upperBound)
                wipe(range.lowerBound..<index)
                return event
            }
            wipe(range)
        }
        return nil
    }
}

/// A whole answer.
public struct UnixHTTPResponse: Sendable, Equatable {
    /// Status and fields.
    public let head: ResponseHead
    /// The body without its framing.
    public let body: [UInt8]
    /// The status code.
    public var status: Int { head.status }
}

extension UnixHTTPConnection {
    /// Largest body that ``request(method:target:headers:body:limit:deadline:)`` takes unless told otherwise, in bytes.
    public static let defaultBodyLimit = 16 * 1024 * 1024

    /// Sends a request and reads the whole answer.
    public mutating func request(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        limit: Int = defaultBodyLimit, deadline: Deadline
    ) throws(UnixHTTPError) -> UnixHTTPResponse {
        let head: ResponseHead
        if let body {
            head = try sendCopy(method: method, target: target, headers: headers, body: body, deadline: deadline)
        } else {
            head = try unsafe send(method: method, target: target, headers: headers, deadline: deadline)
        }
        return UnixHTTPResponse(head: head, body: try readBody(limit: limit, deadline: deadline))
    }

    private mutating func sendCopy(
        method: String, target: String, headers: [(name: String, value: String)], body: [UInt8], deadline: Deadline
    ) throws(UnixHTTPError) -> ResponseHead {
        let span = body.span
        return try unsafe span.withUnsafeBytes { (raw) throws(UnixHTTPError) in
            try unsafe send(method: method, target: target, headers: headers, body: raw, deadline: deadline)
        }
    }
}
