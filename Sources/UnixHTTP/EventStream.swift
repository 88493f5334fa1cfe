/// One Server-Sent Event (WHATWG HTML §9.2).
public struct ServerSentEvent: Sendable, Equatable {
    /// The `event` field; `message` where there was none.
    public var event: String
    /// The `data` lines, joined by newlines.
    public var data: [UInt8]
    /// The last `id` field seen.
    public var id: String?

    /// An event with these fields.
    public init(event: String = "message", data: [UInt8], id: String? = nil) {
        self.event = event
        self.data = data
        self.id = id
    }
}

/// Turns bytes of an event stream into events (WHATWG HTML §9.2.6); comments and `retry` are passed over.
public struct EventStreamParser: Sendable {
    private let maxEventBytes: Int
    private var line: [UInt8] = []
    private var event = ""
    private var data: [UInt8]?
    private var id: String?
    private var afterReturn = false
    private var atStart = true

    /// An event larger than `maxEventBytes` is an error.
    public init(maxEventBytes: Int = 256 * 1024) {
        self.maxEventBytes = maxEventBytes
        // An array that grows leaves its bytes behind, and they may be a key.
        line.reserveCapacity(Self.usualLineBytes)
    }

    private static let usualLineBytes = 2048

    /// Takes one byte; an event once it is complete.
    public mutating func push(_ byte: UInt8) throws(UnixHTTPError) -> ServerSentEvent? {
        defer { afterReturn = byte == 0x0D }
        if byte == 0x0A && afterReturn { return nil }
        if byte == 0x0A || byte == 0x0D {
            defer {
                line.wipe()
                line.removeAll(keepingCapacity: true)
            }
            return try endLine()
        }
        guard line.count < maxEventBytes else { throw Self.tooLarge }
        line.append(byte)
        return nil
    }

    private mutating func endLine() throws(UnixHTTPError) -> ServerSentEvent? {
        if atStart {
            atStart = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch() }
        let colon = line.firstIndex(of: 0x3A) ?? line.endIndex
        if colon == 0 { return nil }
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": event = String(decoding: value, as: UTF8.self)
        case "data":
            var joined: [UInt8] = []
            joined.reserveCapacity((data?.count ?? 0) + 1 + value.count)
            if let data { joined += data + [0x0A] }
            joined += value
            guard joined.count <= maxEventBytes else { throw Self.tooLarge }
            data?.wipe()
            data = joined
        case "id" where !value.contains(0): id = String(decoding: value, as: UTF8.self)
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            data = nil
            event = ""
        }
        guard let data else { return nil }
        return ServerSentEvent(event: event.isEmpty ? "message" : event, data: data, id: id)
    }

    private static let tooLarge = UnixHTTPError(.tooLarge, "an event of the stream is too large")
}
