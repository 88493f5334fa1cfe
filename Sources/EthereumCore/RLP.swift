/// A value of Recursive Length Prefix encoding: a byte string or a list.
public enum RLPItem: Hashable, Sendable {
    case bytes([UInt8])
    case list([RLPItem])

    /// An integer as RLP writes it: big-endian without leading zeros, empty for zero.
    public static func uint(_ value: UInt64) -> RLPItem { .uint(UInt256(value)) }

    /// An integer as RLP writes it: big-endian without leading zeros, empty for zero.
    public static func uint(_ value: UInt256) -> RLPItem { .bytes(value.minimalBigEndianBytes) }
}

/// Bounds of ``RLP/decode(_:limits:)``.
public struct RLPLimits: Sendable, Hashable {
    /// Nesting of lists.
    public var maxDepth: Int

    /// Number of strings and lists together.
    public var maxItems: Int

    /// Size of the input in bytes.
    public var maxBytes: Int

    /// Depth is capped at 1024 whatever is asked, since the decoder recurses.
    public init(maxDepth: Int = 64, maxItems: Int = 1 << 20, maxBytes: Int = 16 << 20) {
        self.maxDepth = min(maxDepth, 1024)
        self.maxItems = maxItems
        self.maxBytes = maxBytes
    }

    /// 64 levels, 2^20 items, 16 MiB.
    public static let `default` = RLPLimits()
}

/// Why bytes are not canonical RLP.
public enum RLPError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    case truncated(offset: Int)
    case trailingBytes(offset: Int)
    case singleByteEncodedAsString(offset: Int)
    case lengthNotMinimal(offset: Int)
    case lengthHasLeadingZero(offset: Int)
    case itemOverrunsList(offset: Int)
    case tooDeep(limit: Int)
    case tooManyItems(limit: Int)
    case tooLarge(limit: Int)

    public var description: String {
        switch self {
        case .empty: "RLP: no bytes"
        case .truncated(let offset): "RLP: the item at offset \(offset) is longer than the input"
        case .trailingBytes(let offset): "RLP: bytes after the end of the item, at offset \(offset)"
        case .singleByteEncodedAsString(let offset): "RLP: a byte below 0x80 with a length prefix at offset \(offset)"
        case .lengthNotMinimal(let offset): "RLP: a length below 56 in the long form at offset \(offset)"
        case .lengthHasLeadingZero(let offset): "RLP: a length with a leading zero at offset \(offset)"
        case .itemOverrunsList(let offset): "RLP: the item at offset \(offset) is longer than its list"
        case .tooDeep(let limit): "RLP: lists nested deeper than \(limit)"
        case .tooManyItems(let limit): "RLP: more than \(limit) items"
        case .tooLarge(let limit): "RLP: more than \(limit) bytes"
        }
    }
}

/// Recursive Length Prefix encoding (Yellow Paper, appendix B).
public enum RLP {
    /// The canonical encoding.
    public static func encode(_ item: RLPItem) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(encodedCount(item))
        append(item, to: &output)
        return output
    }

    /// Decodes one item that fills the input. Only the canonical form is accepted: re-encoding gives the same bytes.
    ///
    /// - Throws: ``RLPError``.
    public static func decode(_ bytes: [UInt8], limits: RLPLimits = .default) throws(RLPError) -> RLPItem {
        try decode(bytes[...], limits: limits)
    }

    /// Decodes one item that fills the slice; offsets in errors count from its start.
    ///
    /// - Throws: ``RLPError``.
    public static func decode(_ bytes: ArraySlice<UInt8>, limits: RLPLimits = .default) throws(RLPError) -> RLPItem {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= limits.maxBytes else { throw .tooLarge(limit: limits.maxBytes) }
        var decoder = RLPDecoder(limits: limits)
        let input = bytes.span
        let item = try decoder.item(input, end: input.count, depth: 0)
        guard decoder.position == input.count else { throw .trailingBytes(offset: decoder.position) }
        return item
    }

    private static func append(_ item: RLPItem, to output: inout [UInt8]) {
        switch item {
        case .bytes(let bytes):
            if bytes.count != 1 || bytes[0] >= 0x80 { appendHeader(0x80, bytes.count, to: &output) }
            output.append(contentsOf: bytes)
        case .list(let items):
            appendHeader(0xc0, items.reduce(0) { $0 + encodedCount($1) }, to: &output)
            for item in items { append(item, to: &output) }
        }
    }

    private static func appendHeader(_ base: UInt8, _ count: Int, to output: inout [UInt8]) {
        guard count > 55 else { return output.append(base + UInt8(count)) }
        let size = lengthSize(count)
        output.append(base + 55 + UInt8(size))
        for shift in stride(from: 8 * (size - 1), through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: count >> shift))
        }
    }

    private static func encodedCount(_ item: RLPItem) -> Int {
        switch item {
        case .bytes(let bytes):
            bytes.count == 1 && bytes[0] < 0x80 ? 1 : headerSize(bytes.count) + bytes.count
        case .list(let items):
            { headerSize($0) + $0 }(items.reduce(0) { $0 + encodedCount($1) })
        }
    }

    private static func headerSize(_ count: Int) -> Int { count > 55 ? 1 + lengthSize(count) : 1 }

    private static func lengthSize(_ count: Int) -> Int { (Int.bitWidth - count.leadingZeroBitCount + 7) / 8 }
}

/// Reads items from a span that is never left: every length is checked against what encloses it before it is used.
private struct RLPDecoder {
    let limits: RLPLimits
    var position = 0
    var items = 0

    init(limits: RLPLimits) { self.limits = limits }

    mutating func item(_ input: Span<UInt8>, end: Int, depth: Int) throws(RLPError) -> RLPItem {
        let start = position
        guard start < end else { throw .truncated(offset: start) }
        items += 1
        guard items <= limits.maxItems else { throw .tooManyItems(limit: limits.maxItems) }
        let head = input[start]
        position += 1
        switch head {
        case 0..<0x80:
            return .bytes([head])
        case 0x80..<0xc0:
            let count = try length(input, head: head, base: 0x80, start: start, end: end)
            if count == 1, input[position] < 0x80 { throw .singleByteEncodedAsString(offset: start) }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            for index in position..<position + count { bytes.append(input[index]) }
            position += count
            return .bytes(bytes)
        default:
            guard depth < limits.maxDepth else { throw .tooDeep(limit: limits.maxDepth) }
            let count = try length(input, head: head, base: 0xc0, start: start, end: end)
            let listEnd = position + count
            var list: [RLPItem] = []
            while position < listEnd { list.append(try item(input, end: listEnd, depth: depth + 1)) }
            return .list(list)
        }
    }

    /// Length of the payload, checked to lie before `end`; steps over the length bytes.
    private mutating func length(
        _ input: Span<UInt8>, head: UInt8, base: UInt8, start: Int, end: Int
    ) throws(RLPError) -> Int {
        func overrun() -> RLPError { end < input.count ? .itemOverrunsList(offset: start) : .truncated(offset: start) }
        let short = Int(head - base)
        if short <= 55 {
            guard short <= end - position else { throw overrun() }
            return short
        }
        let size = short - 55
        guard size <= end - position else { throw overrun() }
        if input[position] == 0 { throw .lengthHasLeadingZero(offset: start) }
        var count: UInt64 = 0
        for _ in 0..<size {
            count = count << 8 | UInt64(input[position])
            position += 1
        }
        if count <= 55 { throw .lengthNotMinimal(offset: start) }
        guard count <= UInt64(end - position) else { throw overrun() }
        return Int(count)
    }
}
