/// How many blocks to ask for at a time: as many as the endpoint allows and as have a handy number of events.
struct ScanWindow: Sendable, Equatable {
    /// More events than this in one answer take memory for nothing.
    static let mostEvents = 4096
    static let widest: UInt64 = 1 << 20

    private(set) var blocks: UInt64 = 64

    /// Asks for less after a refusal; false where less is not possible.
    mutating func refused() -> Bool {
        guard blocks > 1 else { return false }
        blocks /= 2
        return true
    }

    /// Learns from an answer.
    mutating func answered(events: Int) {
        if events > Self.mostEvents {
            blocks = max(1, blocks / 2)
        } else if events < Self.mostEvents / 4 {
            blocks = min(Self.widest, blocks * 2)
        }
    }
}
