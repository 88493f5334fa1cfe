import CurlHTTP
import HTTPRelay

/// The body of a request on its way up.
enum Payload: Sendable {
    /// Up to this size a body is read before it is sent on, and can be sent a second time with another key.
    static let replayBytes = 1024 * 1024

    case none
    case whole([UInt8])
    /// What was read so far; the rest is still coming.
    case streamed(start: [UInt8], length: Int?, rest: RequestBody)

    static func read(_ request: RelayRequest) async throws(RequestProblem) -> Payload {
        if request.contentLength == 0 { return .none }
        if let length = request.contentLength, length > replayBytes {
            return .streamed(start: [], length: length, rest: request.body)
        }
        var start: [UInt8] = []
        var pieces = request.body.makeAsyncIterator()
        while let piece = try await pieces.next() {
            start += piece
            if start.count > replayBytes { return .streamed(start: start, length: nil, rest: request.body) }
        }
        return .whole(start)
    }

    var isReplayable: Bool { if case .streamed = self { false } else { true } }

    /// The bytes, where they are all there.
    var bytes: [UInt8]? {
        switch self {
        case .none: []
        case .whole(let bytes): bytes
        case .streamed: nil
        }
    }

    /// The upload for one attempt.
    func upload() -> HTTPUpload? {
        switch self {
        case .none: nil
        case .whole(let bytes): HTTPUpload(whole: bytes)
        case .streamed(_, let length, _): HTTPUpload(length: length)
        }
    }
}
