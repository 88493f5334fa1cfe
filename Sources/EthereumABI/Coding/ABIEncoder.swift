import EthereumCore

/// Encoding in two walks: the first checks shapes and adds up sizes, the second writes into one zeroed block.
enum ABIEncoder {
    /// The encoding of a parameter list, after a selector where there is one.
    static func encode(_ values: [ABIValue], as layout: ABILayout, selector: ABISelector?) throws(ABIError) -> [UInt8] {
        guard case .tuple(let layouts) = layout.shape else { return [] }
        guard layouts.count == values.count else {
            throw ABIError(.wrongCount, "expected \(layouts.count) values, got \(values.count)")
        }
        let start = selector == nil ? 0 : 4
        let size = layout.isDynamic ? try sizeOfMembers(ABIList(values), as: layout) : layout.innerHeadSize
        var output = [UInt8](repeating: 0, count: start + size)
        var bytes = output.mutableSpan
        var span = unsafe bytes.mutableBytes
        if let selector { span.storeBytes(of: selector.rawValue.bigEndian, toByteOffset: 0, as: UInt32.self) }
        var tail = start + layout.innerHeadSize
        var head = start
        for index in values.indices {
            do {
                try write(values[index], as: layouts[index], head: head, base: start, tail: &tail, into: &span)
            } catch { throw error.within(layout.place(index)) }
            head += layouts[index].headSize
        }
        return output
    }

    // MARK: sizes

    /// Bytes of a value in the tail part, without the offset that points to it.
    private static func sizeOfTail(_ value: ABIValue, as layout: ABILayout) throws(ABIError) -> Int {
        switch (layout.shape, value) {
        case (.bytes, .bytes(let bytes)): return 32 + Word.padded(bytes.count)
        case (.string, .string(let text)): return 32 + Word.padded(text.utf8.count)
        case (.array(let element), .array(let list)):
            return try 32 + list.count * element.headSize + sizeOfTails(list, element: element)
        case (.fixedArray(let element, let count), .array(let list)):
            guard list.count == count else { throw wrongCount(list.count, layout) }
            return try layout.innerHeadSize + sizeOfTails(list, element: element)
        case (.tuple, .tuple(let list)): return try sizeOfMembers(list, as: layout)
        default: throw mismatch(value, layout)
        }
    }

    private static func sizeOfTails(_ list: ABIList, element: ABILayout) throws(ABIError) -> Int {
        guard element.isDynamic else { return 0 }
        var size = 0
        for (index, value) in list.storage.enumerated() {
            do { size += try sizeOfTail(value, as: element) } catch { throw error.within("[\(index)]") }
        }
        return size
    }

    /// Heads and tails of a tuple's members.
    private static func sizeOfMembers(_ list: ABIList, as layout: ABILayout) throws(ABIError) -> Int {
        guard case .tuple(let layouts) = layout.shape, layouts.count == list.count else {
            throw wrongCount(list.count, layout)
        }
        var size = layout.innerHeadSize
        for (index, value) in list.storage.enumerated() where layouts[index].isDynamic {
            do { size += try sizeOfTail(value, as: layouts[index]) } catch { throw error.within(layout.place(index)) }
        }
        return size
    }

    // MARK: writing

    /// Writes a value's head, and its tail at `tail`, which moves behind it.
    private static func write(
        _ value: ABIValue, as layout: ABILayout, head: Int, base: Int, tail: inout Int, into span: inout MutableRawSpan
    ) throws(ABIError) {
        if case .word(let kind) = layout.shape {
            try Word(value, as: kind, layout).store(to: &span, at: head)
            return
        }
        guard layout.isDynamic else {
            var none = head
            return try writeContents(value, as: layout, at: head, tail: &none, into: &span)
        }
        Word(tail - base).store(to: &span, at: head)
        let start = tail
        switch (layout.shape, value) {
        case (.bytes, .bytes(let bytes)):
            Word(bytes.count).store(to: &span, at: start)
            unsafe copy(bytes.span.bytes, to: &span, at: start + 32)
            tail = start + 32 + Word.padded(bytes.count)
        case (.string, .string(let text)):
            let utf8 = unsafe text.utf8.span.bytes
            Word(utf8.byteCount).store(to: &span, at: start)
            copy(utf8, to: &span, at: start + 32)
            tail = start + 32 + Word.padded(utf8.byteCount)
        case (.array(let element), .array(let list)):
            Word(list.count).store(to: &span, at: start)
            tail = start + 32 + list.count * element.headSize
            try writeElements(list, as: element, at: start + 32, tail: &tail, into: &span)
        case (.fixedArray, _), (.tuple, _):
            tail = start + layout.innerHeadSize
            try writeContents(value, as: layout, at: start, tail: &tail, into: &span)
        default: throw mismatch(value, layout)
        }
    }

    /// Writes the members of a tuple or the elements of a fixed array.
    private static func writeContents(
        _ value: ABIValue, as layout: ABILayout, at start: Int, tail: inout Int, into span: inout MutableRawSpan
    ) throws(ABIError) {
        switch (layout.shape, value) {
        case (.tuple(let layouts), .tuple(let list)):
            guard layouts.count == list.count else { throw wrongCount(list.count, layout) }
            var head = start
            for (index, member) in list.storage.enumerated() {
                do {
                    try write(member, as: layouts[index], head: head, base: start, tail: &tail, into: &span)
                } catch { throw error.within(layout.place(index)) }
                head += layouts[index].headSize
            }
        case (.fixedArray(let element, let count), .array(let list)):
            guard list.count == count else { throw wrongCount(list.count, layout) }
            try writeElements(list, as: element, at: start, tail: &tail, into: &span)
        default: throw mismatch(value, layout)
        }
    }

    private static func writeElements(
        _ list: ABIList, as element: ABILayout, at start: Int, tail: inout Int, into span: inout MutableRawSpan
    ) throws(ABIError) {
        var head = start
        for (index, value) in list.storage.enumerated() {
            do {
                try write(value, as: element, head: head, base: start, tail: &tail, into: &span)
            } catch { throw error.within("[\(index)]") }
            head += element.headSize
        }
    }

    private static func copy(_ source: RawSpan, to span: inout MutableRawSpan, at offset: Int) {
        let end = offset + source.byteCount
        precondition(offset >= 0 && end <= span.byteCount)
        unsafe span.withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: source)
            }
        }
    }

    // MARK: errors

    static func mismatch(_ value: ABIValue, _ layout: ABILayout) -> ABIError {
        ABIError(.typeMismatch, "expected \(layout.type.canonical), got \(value.kind)")
    }

    static func wrongCount(_ count: Int, _ layout: ABILayout) -> ABIError {
        switch layout.shape {
        case .fixedArray(_, let expected):
            return ABIError(.wrongCount, "\(layout.type.canonical) has \(expected) elements, got \(count)")
        case .tuple(let layouts):
            return ABIError(.wrongCount, "\(layout.type.canonical) has \(layouts.count) members, got \(count)")
        default: return ABIError(.wrongCount, "unexpected number of elements: \(count)")
        }
    }
}
