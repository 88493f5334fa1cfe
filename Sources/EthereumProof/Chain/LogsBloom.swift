import EthereumCore

/// The 2048-bit filter of log addresses and topics in receipts and headers (Yellow Paper, section 4.3.1).
public struct LogsBloom: Hashable, Sendable {
    /// 256 bytes; bit 0 is the lowest of the last byte.
    public private(set) var bytes: [UInt8]

    /// The filter of nothing.
    public init() { bytes = [UInt8](repeating: 0, count: 256) }

    /// The filter of these logs.
    public init(_ logs: some Sequence<ConsensusLog>) {
        self.init()
        for log in logs {
            insert(log.address.bytes)
            for topic in log.topics { insert(topic.bytes) }
        }
    }

    /// Exactly 256 bytes, else nil.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 256 else { return nil }
        self.bytes = bytes
    }

    /// Adds an address or a topic.
    public mutating func insert(_ element: [UInt8]) {
        for bit in Self.bits(of: element) { bytes[255 - bit / 8] |= 1 << UInt8(bit % 8) }
    }

    /// False when the element is certainly not in.
    public func mayContain(_ element: [UInt8]) -> Bool {
        Self.bits(of: element).allSatisfy { bytes[255 - $0 / 8] & 1 << UInt8($0 % 8) != 0 }
    }

    /// Whether every bit of the other filter is set here.
    public func covers(_ other: LogsBloom) -> Bool { zip(bytes, other.bytes).allSatisfy { $0 & $1 == $1 } }

    private static func bits(of element: [UInt8]) -> [Int] {
        let hash = Keccak256.hash(element).bytes
        return [0, 2, 4].map { Int(hash[$0]) << 8 & 0x700 | Int(hash[$0 + 1]) }
    }
}
