import EthereumCore

/// Encoding in two walks: the first checks shapes and adds up sizes, the second writes into one zeroed block.
struct ABIEncoder {
    let layout: ABILayout

    /// The encoding of a parameter list, after a selector where there is one.
    func encode(_ values: [ABIValue], selector: ABISelector?) throws(ABIError) -> [UInt8] {
        let root = layout.root
        guard root.count == values.count else {
            throw ABIError(.wrongCount, "expected \(root.count) values, got \(values.count)")
        }
        let list = values.span
        let start = selector == nil ? 0 : 4
        let size = try sizeOfMembers(list, 0)
        var output = [UInt8](repeating: 0, count: start + size)
        var bytes = output.mutableSpan
        var span = unsafe bytes.mutableBytes
        if let selector { span.storeBytes(of: selector.rawValue.bigEndian, toByteOffset: 0, as: UInt32.self) }
        var tail = start + root.innerHeadSize
        try writeMembers(list, 0, at: start, tail: &tail, into: &span)
        return output
    }

    // MARK: sizes

    /// Bytes of a value in the tail part, without the offset that points to it.
    private func sizeOfTail(_ value: borrowing ABIValue, _ index: Int) throws(ABIError) -> Int {
        let node = layout.nodes[index]
        switch value {
        case .bytes(let bytes):
            guard node.kind == .bytes else { break }
            return 32 + Word.padded(bytes.count)
        case .string(let text):
            guard node.kind == .string else { break }
            return 32 + Word.padded(text.utf8.count)
        case .array(let list):
            if node.kind == .array {
                let heads = try sizeOfHeads(list, node.child)
                return try 32 + heads + sizeOfTails(list.storage.span, node.child)
            }
            guard node.kind == .fixedArray else { break }
            guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
            return try node.innerHeadSize + sizeOfTails(list.storage.span, node.child)
        case .tuple(let list):
            guard node.kind == .tuple else { break }
            guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
            return try sizeOfMembers(list.storage.span, index)
        default: break
        }
        throw layout.mismatch(value, index)
    }

    /// Bytes of the heads of an array's elements. A type can announce any size; where it is more than the bytes of a
    /// page, the values have to be there before room is made for them.
    private func sizeOfHeads(_ list: ABIList, _ element: Int) throws(ABIError) -> Int {
        let size = layout.nodes[element].headSize
        if size > ABIEncoder.trustedSize {
            for position in list.indices {
                do { try check(list[position], element) } catch { throw error.within("[\(position)]") }
            }
        }
        // The elements are in memory, each with a word for every 32 bytes: the product fits.
        return list.count * size
    }

    /// Largest static value whose size is taken from its type alone.
    private static let trustedSize = 4096

    /// Compares the shape of a static value with its type, so that its size is known to be that of its words.
    private func check(_ value: ABIValue, _ index: Int) throws(ABIError) {
        let node = layout.nodes[index]
        switch value {
        case .array(let list) where node.kind == .fixedArray:
            guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
            guard layout.nodes[node.child].headSize > 32 else { return }
            for position in list.indices {
                do { try check(list[position], node.child) } catch { throw error.within("[\(position)]") }
            }
        case .tuple(let list) where node.kind == .tuple:
            guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
            for position in list.indices {
                do {
                    try check(list[position], node.child + position)
                } catch { throw error.within(layout.place(position, in: index)) }
            }
        default: guard node.kind.isWord else { throw layout.mismatch(value, index) }
        }
    }

    private func sizeOfTails(_ list: Span<ABIValue>, _ element: Int) throws(ABIError) -> Int {
        guard layout.nodes[element].isDynamic else { return 0 }
        var size = 0
        for position in list.indices {
            do { size += try sizeOfTail(list[position], element) } catch { throw error.within("[\(position)]") }
        }
        return size
    }

    /// Heads and tails of the members of the tuple at `index`; their number has been checked.
    private func sizeOfMembers(_ list: Span<ABIValue>, _ index: Int) throws(ABIError) -> Int {
        let node = layout.nodes[index]
        if node.innerHeadSize > ABIEncoder.trustedSize {
            for position in list.indices where !layout.nodes[node.child + position].isDynamic {
                do {
                    try check(list[position], node.child + position)
                } catch { throw error.within(layout.place(position, in: index)) }
            }
        }
        guard node.isDynamic else { return node.innerHeadSize }
        var size = node.innerHeadSize
        for position in list.indices where layout.nodes[node.child + position].isDynamic {
            do {
                size += try sizeOfTail(list[position], node.child + position)
            } catch { throw error.within(layout.place(position, in: index)) }
        }
        return size
    }

    // MARK: writing

    /// Writes a value's head, and its tail at `tail`, which moves behind it. Offsets count from `base`.
    private func write(
        _ value: borrowing ABIValue, _ index: Int, head: Int, base: Int, tail: inout Int,
        into span: inout MutableRawSpan
    ) throws(ABIError) {
        let node = layout.nodes[index]
        if node.kind.isWord { return try layout.word(of: value, node, index).store(to: &span, at: head) }
        var start = head
        if node.isDynamic {
            Word(tail - base).store(to: &span, at: head)
            start = tail
        }
        switch value {
        case .bytes(let bytes):
            guard node.kind == .bytes else { break }
            Word(bytes.count).store(to: &span, at: start)
            unsafe ABIEncoder.copy(bytes.span.bytes, to: &span, at: start + 32)
            tail = start + 32 + Word.padded(bytes.count)
            return
        case .string(let text):
            guard node.kind == .string else { break }
            let utf8 = unsafe text.utf8.span.bytes
            Word(utf8.byteCount).store(to: &span, at: start)
            ABIEncoder.copy(utf8, to: &span, at: start + 32)
            tail = start + 32 + Word.padded(utf8.byteCount)
            return
        case .array(let list):
            if node.kind == .array {
                Word(list.count).store(to: &span, at: start)
                start += 32
                tail = start + list.count * layout.nodes[node.child].headSize
            } else {
                guard node.kind == .fixedArray else { break }
                guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
                if node.isDynamic { tail = start + node.innerHeadSize }
            }
            return try writeElements(list.storage.span, node.child, at: start, tail: &tail, into: &span)
        case .tuple(let list):
            guard node.kind == .tuple else { break }
            guard list.count == node.count else { throw layout.wrongCount(list.count, index) }
            if node.isDynamic { tail = start + node.innerHeadSize }
            return try writeMembers(list.storage.span, index, at: start, tail: &tail, into: &span)
        default: break
        }
        throw layout.mismatch(value, index)
    }

    private func writeMembers(
        _ list: Span<ABIValue>, _ index: Int, at start: Int, tail: inout Int, into span: inout MutableRawSpan
    ) throws(ABIError) {
        let first = layout.nodes[index].child
        var head = start
        for position in list.indices {
            do {
                try write(list[position], first + position, head: head, base: start, tail: &tail, into: &span)
            } catch { throw error.within(layout.place(position, in: index)) }
            head += layout.nodes[first + position].headSize
        }
    }

    private func writeElements(
        _ list: Span<ABIValue>, _ element: Int, at start: Int, tail: inout Int, into span: inout MutableRawSpan
    ) throws(ABIError) {
        let size = layout.nodes[element].headSize
        var head = start
        for position in list.indices {
            do {
                try write(list[position], element, head: head, base: start, tail: &tail, into: &span)
            } catch { throw error.within("[\(position)]") }
            head += size
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
}

extension ABILayout {
    /// The word of a value, checked against its type.
    @inline(__always)
    func word(of value: borrowing ABIValue, _ node: Node, _ index: Int) throws(ABIError) -> Word {
        switch value {
        case .uint(let number):
            guard node.kind == .uint else { break }
            return try unsigned(number, node, index)
        case .ufixed(let number):
            guard node.kind == .ufixed else { break }
            return try unsigned(number, node, index)
        case .int(let number):
            guard node.kind == .int else { break }
            return try signed(number, node, index)
        case .fixed(let number):
            guard node.kind == .fixed else { break }
            return try signed(number, node, index)
        case .address(let address):
            guard node.kind == .address else { break }
            return Word(address)
        case .bool(let flag):
            guard node.kind == .bool else { break }
            return Word(0, 0, 0, flag ? 1 : 0)
        case .fixedBytes(let bytes):
            guard node.kind == .fixedBytes else { break }
            guard bytes.count == node.count else {
                throw ABIError(.typeMismatch, "expected \(types[index].canonical), got \(bytes.count) bytes")
            }
            return Word(bytes.word)
        case .function(let reference):
            guard node.kind == .function else { break }
            return Word(leftAligned: reference.bytes[...])
        default: break
        }
        throw mismatch(value, index)
    }

    @inline(__always)
    private func unsigned(_ number: UInt256, _ node: Node, _ index: Int) throws(ABIError) -> Word {
        let word = Word(number)
        guard word & node.mask == word else { throw outOfRange(number.description, index) }
        return word
    }

    @inline(__always)
    private func signed(_ number: Int256, _ node: Node, _ index: Int) throws(ABIError) -> Word {
        let word = Word(number.bitPattern)
        guard word.signExtended(bits: node.count) == word else { throw outOfRange(number.description, index) }
        return word
    }
}
