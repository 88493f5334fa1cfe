import EthereumWallet
import StrictJSON

/// Takes a stream of server-sent events line by line as it passes: hashes its data, reads its usage, and finds the place
/// for the event that closes it.
struct EventStreamSealer {
    /// A line longer than this is no server-sent event of a model.
    static let longestLine = 4 * 1024 * 1024

    /// What to pass on.
    enum Step: Equatable {
        case bytes([UInt8])
        /// The place of the closing event: `[DONE]` comes next.
        case close
    }

    /// The stream has a line without end.
    struct Overlong: Error {}

    private var hash = RunningSHA256()
    private var partial: [UInt8] = []
    private(set) var isDone = false
    /// The last usage that an event told.
    private(set) var usage: TokenUsage?
    /// Members of the events that the closing event repeats.
    private var common: JSONObject = [:]

    /// Takes a piece; whole lines pass at once, the rest waits for its end.
    mutating func take(_ piece: [UInt8]) throws(Overlong) -> [Step] {
        var steps: [Step] = []
        var passed: [UInt8] = []
        var start = piece.startIndex
        while let end = piece[start...].firstIndex(where: Self.isLineEnd) {
            let line = partial + piece[start..<end]
            partial = []
            if line.starts(with: "data:".utf8), !isDone {
                hash.update(line)
                hash.update([UInt8(ascii: "\n")])
                let payload = line.dropFirst("data:".utf8.count).drop { $0 == UInt8(ascii: " ") }
                isDone = payload.elementsEqual("[DONE]".utf8)
                if isDone {
                    if !passed.isEmpty { steps.append(.bytes(passed)) }
                    passed = []
                    steps.append(.close)
                } else {
                    read(payload)
                }
            }
            passed += line
            passed.append(piece[end])
            start = end + 1
        }
        partial += piece[start...]
        guard partial.count <= Self.longestLine else { throw Overlong() }
        if !passed.isEmpty { steps.append(.bytes(passed)) }
        return steps
    }

    /// The end of the stream: a line that lacks its end gets one.
    mutating func end() throws(Overlong) -> [Step] {
        partial.isEmpty ? [] : try take([UInt8(ascii: "\n"), UInt8(ascii: "\n")])
    }

    /// The event that closes the stream: a chunk without choices, which clients of OpenAI's API know from usage.
    func closingEvent(requestHash: String, searchResult: JSON?) -> [UInt8] {
        var chunk = common
        if chunk["object"] == nil { chunk["object"] = "chat.completion.chunk" }
        chunk["choices"] = .array([])
        if let searchResult { chunk["search_result"] = searchResult }
        chunk[ResponseHash.requestField] = .string(requestHash)
        chunk[ResponseHash.responseField] = .string(ResponseHash.hex(hash.hash))
        return Array("data: ".utf8) + JSON.object(chunk).serialize() + Array("\n\n".utf8)
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private mutating func read(_ payload: ArraySlice<UInt8>) {
        // Most events are words of an answer: only the first, and those that tell usage, are looked into.
        guard common.isEmpty || payload.contains("\"usage\"".utf8), let event = try? JSON.parse(payload).objectValue
        else { return }
        if common.isEmpty {
            for name in ["id", "object", "created", "model"] { common[name] = event[name] }
        }
        if let found = TokenUsage(event["usage"]) { usage = found }
    }
}
