import EthereumCore

/// Decoding, bounded by a budget of bytes: what is read through all offsets together may not exceed the data's size
/// (times the permitted reuse), so that offsets that point to the same place cannot multiply a small input.
struct ABIDecoder {
    let layout: ABILayout
    let checksPadding: Bool
    private var budget: Int
    private var zeroSizeValues = ABILayout.maximumZeroSizeValues

    init(_ layout: ABILayout, dataSize: Int, options: ABIDecodingOptions) {
        self.layout = layout
        checksPadding = options.checksPadding
        let (product, overflow) = dataSize.multipliedReportingOverflow(by: options.maximumReuse)
        budget = overflow ? .max : product
    }

    /// The members of the tuple that the layout describes, from byte `start` on.
    mutating func values(in span: RawSpan, from start: Int) throws(ABIError) -> [ABIValue] {
        try members(0, at: start, in: span)
    }

    // MARK: bounds

    /// Claims `size` bytes at `position` for reading.
    private mutating func claim(_ size: Int, at position: Int, in span: RawSpan) throws(ABIError) {
        guard size <= span.byteCount - position else {
            throw ABIError(
                .truncated, "the data ends at byte \(span.byteCount), \(size) bytes are needed from byte \(position)")
        }
        guard size <= budget else {
            throw ABIError(.limitExceeded, "offsets overlap: the values are larger than the data that encodes them")
        }
        budget -= size
    }

    /// Values without bytes are free for the sender, so they have a limit of their own.
    private mutating func claimZeroSize(_ count: Int, _ node: ABILayout.Node) throws(ABIError) {
        guard node.zeroSizeValues > 0 else { return }
        let (total, overflow) = count.multipliedReportingOverflow(by: node.zeroSizeValues)
        guard !overflow, total <= zeroSizeValues else {
            throw ABIError(.limitExceeded, "more than \(ABILayout.maximumZeroSizeValues) values without any data")
        }
        zeroSizeValues -= total
    }

    /// The position that the offset word at `head` points to, counted from `base`, where `heads` bytes of heads begin.
    private func target(ofHead head: Int, base: Int, heads: Int, in span: RawSpan) throws(ABIError) -> Int {
        guard let offset = Word(span, at: head).smallInt, offset <= span.byteCount - base else {
            throw ABIError(.badOffset, "the offset at byte \(head) points outside the data")
        }
        // Solidity's decoder takes them, but no encoder writes them: a value would be read from offsets.
        guard offset >= heads || !checksPadding else {
            throw ABIError(.badOffset, "the offset at byte \(head) points back among the offsets")
        }
        return base + offset
    }

    /// The length word at `position`.
    private mutating func length(at position: Int, in span: RawSpan) throws(ABIError) -> Int {
        try claim(32, at: position, in: span)
        guard let length = Word(span, at: position).smallInt else {
            throw ABIError(.badLength, "the length at byte \(position) is larger than any data")
        }
        return length
    }

    // MARK: values

    /// Head and tails of the tuple at node `index` that starts at byte `base`.
    private mutating func members(_ index: Int, at base: Int, in span: RawSpan) throws(ABIError) -> [ABIValue] {
        let tuple = layout.nodes[index]
        try claim(tuple.innerHeadSize, at: base, in: span)
        var values: [ABIValue] = []
        values.reserveCapacity(tuple.count)
        var head = base
        for position in 0..<tuple.count {
            let member = tuple.child + position
            let node = layout.nodes[member]
            do {
                if node.kind.isWord {
                    values.append(try word(node, member, at: head, in: span))
                } else if node.isDynamic {
                    values.append(
                        try tail(
                            member, at: try target(ofHead: head, base: base, heads: tuple.innerHeadSize, in: span),
                            in: span))
                } else {
                    try claimZeroSize(1, node)
                    values.append(try staticContainer(member, at: head, in: span))
                }
            } catch { throw error.within(layout.place(position, in: index)) }
            head += node.headSize
        }
        return values
    }

    /// A dynamic value at the place its offset points to.
    private mutating func tail(_ index: Int, at start: Int, in span: RawSpan) throws(ABIError) -> ABIValue {
        let node = layout.nodes[index]
        switch node.kind {
        case .bytes:
            let range = try byteRange(at: start, in: span)
            return .bytes(unsafe span.extracting(range).withUnsafeBytes { unsafe Array($0) })
        case .string: return .string(try text(try byteRange(at: start, in: span), in: span))
        case .array:
            let count = try length(at: start, in: span)
            return .array(try elements(node.child, count: count, at: start + 32, in: span))
        case .fixedArray: return .array(try elements(node.child, count: node.count, at: start, in: span))
        case .tuple: return .tuple(ABIList(try members(index, at: start, in: span)))
        default: return try word(node, index, at: start, in: span)
        }
    }

    /// `count` elements whose heads start at byte `start`.
    private mutating func elements(
        _ element: Int, count: Int, at start: Int, in span: RawSpan
    ) throws(ABIError) -> ABIList {
        let node = layout.nodes[element]
        let (size, overflow) = count.multipliedReportingOverflow(by: node.headSize)
        guard !overflow, size <= span.byteCount - start else {
            throw ABIError(.badLength, "\(count) elements of \(layout.types[element]) do not fit into the data")
        }
        try claim(size, at: start, in: span)
        if !node.isDynamic {
            try claimZeroSize(count, node)
            return try staticElements(element, count: count, at: start, in: span)
        }
        var values: [ABIValue] = []
        values.reserveCapacity(count)
        for position in 0..<count {
            do {
                let place = try target(ofHead: start + 32 * position, base: start, heads: size, in: span)
                values.append(try tail(element, at: place, in: span))
            } catch { throw error.within("[\(position)]") }
        }
        return ABIList(values)
    }

    /// The bytes of a `bytes` or `string` whose length stands at `start`.
    private mutating func byteRange(at start: Int, in span: RawSpan) throws(ABIError) -> Range<Int> {
        let count = try length(at: start, in: span)
        let available = span.byteCount - start - 32
        guard count <= available else {
            throw ABIError(.badLength, "\(count) bytes from byte \(start + 32) do not fit into the data")
        }
        let padded = Word.padded(count)
        if checksPadding || padded <= available {
            guard padded <= available else {
                throw ABIError(.truncated, "the padding of the byte string at byte \(start + 32) is missing")
            }
            try claim(padded, at: start + 32, in: span)
        } else {
            try claim(count, at: start + 32, in: span)
        }
        if checksPadding, padded > count {
            let last = Word(span, at: start + padded)
            guard last & Word.lowMask(bits: 8 * (padded - count)) == .zero else {
                throw ABIError(.dirtyPadding, "the bytes behind the byte string at byte \(start + 32) are not zero")
            }
        }
        return start + 32..<start + 32 + count
    }

    private func text(_ range: Range<Int>, in span: RawSpan) throws(ABIError) -> String {
        let text: String? = unsafe span.extracting(range).withUnsafeBytes { bytes in
            checksPadding
                ? unsafe String(validating: bytes, as: UTF8.self) : unsafe String(decoding: bytes, as: UTF8.self)
        }
        guard let text else {
            throw ABIError(.invalidUTF8, "the string at byte \(range.lowerBound) is not UTF-8")
        }
        return text
    }
}
