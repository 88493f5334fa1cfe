import EthereumCore

/// Decoding, bounded by a budget of bytes: what is read through all offsets together may not exceed the data's size
/// (times the permitted reuse), so that offsets that point to the same place cannot multiply a small input.
struct ABIDecoder {
    let checksPadding: Bool
    private var budget: Int
    private var zeroSizeValues = ABILayout.maximumZeroSizeValues

    static func decode(
        _ span: RawSpan, as layout: ABILayout, from start: Int, options: ABIDecodingOptions
    ) throws(ABIError) -> [ABIValue] {
        guard case .tuple(let layouts) = layout.shape else { return [] }
        let size = span.byteCount - start
        let (budget, overflow) = size.multipliedReportingOverflow(by: options.maximumReuse)
        var decoder = ABIDecoder(checksPadding: options.checksPadding, budget: overflow ? .max : budget)
        return try decoder.members(layouts, of: layout, at: start, in: span)
    }

    private init(checksPadding: Bool, budget: Int) {
        self.checksPadding = checksPadding
        self.budget = budget
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
    private mutating func claimZeroSize(_ count: Int, _ layout: ABILayout) throws(ABIError) {
        guard layout.zeroSizeValues > 0 else { return }
        let (total, overflow) = count.multipliedReportingOverflow(by: layout.zeroSizeValues)
        guard !overflow, total <= zeroSizeValues else {
            throw ABIError(.limitExceeded, "more than \(ABILayout.maximumZeroSizeValues) values without any data")
        }
        zeroSizeValues -= total
    }

    /// The position that the offset word at `head` points to, counted from `base`.
    private func target(ofHead head: Int, base: Int, in span: RawSpan) throws(ABIError) -> Int {
        guard let offset = Word(span, at: head).smallInt, offset <= span.byteCount - base else {
            throw ABIError(.badOffset, "the offset at byte \(head) points outside the data")
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

    /// Head and tails of a tuple that starts at `base`.
    private mutating func members(
        _ layouts: [ABILayout], of layout: ABILayout, at base: Int, in span: RawSpan
    ) throws(ABIError) -> [ABIValue] {
        try claim(layout.innerHeadSize, at: base, in: span)
        var values: [ABIValue] = []
        values.reserveCapacity(layouts.count)
        var head = base
        for (index, member) in layouts.enumerated() {
            do {
                values.append(try value(member, head: head, base: base, in: span))
            } catch { throw error.within(layout.place(index)) }
            head += member.headSize
        }
        return values
    }

    /// The value whose head (already claimed) is at `head`.
    private mutating func value(
        _ layout: ABILayout, head: Int, base: Int, in span: RawSpan
    ) throws(ABIError) -> ABIValue {
        if case .word(let kind) = layout.shape { return try word(kind, layout, at: head, in: span) }
        if layout.isDynamic {
            return try tail(layout, at: try target(ofHead: head, base: base, in: span), in: span)
        }
        try claimZeroSize(1, layout)
        return try staticContainer(layout, at: head, in: span)
    }

    /// A dynamic value at the place its offset points to.
    private mutating func tail(_ layout: ABILayout, at start: Int, in span: RawSpan) throws(ABIError) -> ABIValue {
        switch layout.shape {
        case .bytes: return .bytes(try byteString(at: start, in: span))
        case .string: return .string(try text(try byteString(at: start, in: span), at: start))
        case .array(let element):
            let count = try length(at: start, in: span)
            return .array(try elements(element, count: count, at: start + 32, in: span))
        case .fixedArray(let element, let count):
            return .array(try elements(element, count: count, at: start, in: span))
        case .tuple(let layouts): return .tuple(ABIList(try members(layouts, of: layout, at: start, in: span)))
        case .word: throw ABIError(.invalidType, "\(layout.type.canonical) has no tail")
        }
    }

    /// `count` elements whose heads start at `start`.
    private mutating func elements(
        _ element: ABILayout, count: Int, at start: Int, in span: RawSpan
    ) throws(ABIError) -> ABIList {
        let (size, overflow) = count.multipliedReportingOverflow(by: element.headSize)
        guard !overflow, size <= span.byteCount - start else {
            throw ABIError(.badLength, "\(count) elements of \(element.type.canonical) do not fit into the data")
        }
        try claim(size, at: start, in: span)
        if !element.isDynamic {
            try claimZeroSize(count, element)
            return try staticElements(element, count: count, at: start, in: span)
        }
        var values: [ABIValue] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            do {
                let position = try target(ofHead: start + 32 * index, base: start, in: span)
                values.append(try tail(element, at: position, in: span))
            } catch { throw error.within("[\(index)]") }
        }
        return ABIList(values)
    }

    private mutating func byteString(at start: Int, in span: RawSpan) throws(ABIError) -> [UInt8] {
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
        return unsafe span.extracting(start + 32..<start + 32 + count).withUnsafeBytes { unsafe Array($0) }
    }

    private func text(_ bytes: [UInt8], at start: Int) throws(ABIError) -> String {
        guard checksPadding else { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ABIError(.invalidUTF8, "the string at byte \(start + 32) is not UTF-8")
        }
        return text
    }
}

extension ABIDecoder {
    /// A value that is one word by itself, such as a topic.
    static func decode(
        word span: RawSpan, as layout: ABILayout, options: ABIDecodingOptions
    ) throws(ABIError) -> ABIValue {
        guard case .word(let kind) = layout.shape, span.byteCount == 32 else {
            throw ABIError(.typeMismatch, "\(layout.type.canonical) is not one word")
        }
        return try ABIDecoder(checksPadding: options.checksPadding, budget: 32).word(kind, layout, at: 0, in: span)
    }
}
