/// Lets a stream of server-sent events through line by line, so that it can be ended in good order wherever it breaks
/// off: half a line that was sent can't be taken back. A line is sent as soon as its end is there.
struct EventStreamGuard {
    /// A line longer than this, in bytes, goes out in parts.
    static let longestLine = 64 * 1024

    private var held: [UInt8] = []
    /// Part of a line is out already.
    private var isWithinLine = false
    private(set) var isDone = false

    /// What can go out now.
    ///
    /// - Parameter onLine: gets every whole line, without its end.
    mutating func pass(_ piece: [UInt8], onLine: (ArraySlice<UInt8>) -> Void = { _ in }) -> [UInt8] {
        held += piece
        guard let end = held.lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) else {
            guard held.count > Self.longestLine else { return [] }
            isWithinLine = true
            defer { held = [] }
            return held
        }
        let whole = Array(held[...end])
        held.removeFirst(end + 1)
        look(at: whole, onLine)
        isWithinLine = false
        return whole
    }

    private mutating func look(at whole: [UInt8], _ onLine: (ArraySlice<UInt8>) -> Void) {
        for (index, line) in whole.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).enumerated() {
            // The rest of a line of which a part is out already.
            if index == 0, isWithinLine { continue }
            if line.elementsEqual("data: [DONE]".utf8) || line.elementsEqual("data:[DONE]".utf8) { isDone = true }
            onLine(line)
        }
    }

    /// What is left when the upstream ended the stream itself.
    mutating func rest() -> [UInt8] {
        defer { held = [] }
        return held
    }

    /// What goes out in place of what is missing.
    mutating func breakOff(_ event: [UInt8]) -> [UInt8] {
        defer { held = [] }
        // Ends the line, if one was begun, and the event, if one was.
        return Array((isWithinLine ? "\n\n" : "\n").utf8) + event
    }
}
