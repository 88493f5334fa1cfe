import EthereumCore

/// Static values, column by column: each level of a type is decoded for all elements at once, so that the number of
/// allocations follows the type and not the number of elements.
extension ABIDecoder {
    /// A failure in element `index` of a column; the path inside the element is in the error.
    private struct ColumnFailure: Error {
        let index: Int
        let error: ABIError
    }

    /// One static tuple or fixed array at `position`, already claimed.
    func staticContainer(_ index: Int, at position: Int, in span: RawSpan) throws(ABIError) -> ABIValue {
        do {
            return try column(index, at: [position], in: span)[0]
        } catch { throw error.error }
    }

    /// `count` static values one behind the other, already claimed.
    func staticElements(_ element: Int, count: Int, at start: Int, in span: RawSpan) throws(ABIError) -> ABIList {
        let node = layout.nodes[element]
        if node.kind.isWord { return ABIList(try words(element, count: count, at: start, in: span)) }
        let positions = (0..<count).map { start + $0 * node.headSize }
        do {
            return ABIList(try column(element, at: positions, in: span))
        } catch { throw error.error.within("[\(error.index)]") }
    }

    /// `count` words one behind the other. The common types have loops of their own, without a decision per element.
    private func words(_ element: Int, count: Int, at start: Int, in span: RawSpan) throws(ABIError) -> [ABIValue] {
        let node = layout.nodes[element]
        var values: [ABIValue] = []
        values.reserveCapacity(count)
        switch (node.kind, node.count) {
        case (.fixedBytes, 32):
            for position in 0..<count {
                let word = Word(span, at: start + 32 * position)
                values.append(.fixedBytes(ABIFixedBytes(word: word, count: 32)))
            }
        case (.uint, 256):
            for position in 0..<count { values.append(.uint(Word(span, at: start + 32 * position).uint256)) }
        default:
            for position in 0..<count {
                do {
                    values.append(try word(node, element, at: start + 32 * position, in: span))
                } catch { throw error.within("[\(position)]") }
            }
        }
        return values
    }

    /// One value of the same static type at each of the positions.
    private func column(_ index: Int, at positions: [Int], in span: RawSpan) throws(ColumnFailure) -> [ABIValue] {
        let node = layout.nodes[index]
        switch node.kind {
        case .tuple: return try tuples(index, at: positions, in: span)
        case .fixedArray:
            let size = layout.nodes[node.child].headSize
            var inner: [Int] = []
            inner.reserveCapacity(positions.count * node.count)
            for start in positions {
                for element in 0..<node.count { inner.append(start + element * size) }
            }
            do {
                let values = try column(node.child, at: inner, in: span)
                return windows(onto: values, size: node.count, count: positions.count) { .array($0) }
            } catch {
                let place = "[\(error.index % node.count)]"
                throw ColumnFailure(index: error.index / node.count, error: error.error.within(place))
            }
        default:
            var values: [ABIValue] = []
            values.reserveCapacity(positions.count)
            for (element, position) in positions.enumerated() {
                do {
                    values.append(try word(node, index, at: position, in: span))
                } catch { throw ColumnFailure(index: element, error: error) }
            }
            return values
        }
    }

    private func tuples(_ index: Int, at positions: [Int], in span: RawSpan) throws(ColumnFailure) -> [ABIValue] {
        // Compound members first, as columns of their own; then all members are laid out tuple by tuple.
        let tuple = layout.nodes[index]
        var columns: [[ABIValue]] = []
        var heads: [Int] = []
        var head = 0
        for place in 0..<tuple.count {
            let member = layout.nodes[tuple.child + place]
            heads.append(head)
            if member.kind.isWord {
                columns.append([])
            } else {
                do {
                    columns.append(try column(tuple.child + place, at: positions.map { $0 + head }, in: span))
                } catch {
                    throw ColumnFailure(index: error.index, error: error.error.within(layout.place(place, in: index)))
                }
            }
            head += member.headSize
        }
        var values: [ABIValue] = []
        values.reserveCapacity(positions.count * tuple.count)
        for (element, position) in positions.enumerated() {
            for place in 0..<tuple.count {
                let member = layout.nodes[tuple.child + place]
                guard member.kind.isWord else {
                    values.append(columns[place][element])
                    continue
                }
                do {
                    values.append(try word(member, tuple.child + place, at: position + heads[place], in: span))
                } catch { throw ColumnFailure(index: element, error: error.within(layout.place(place, in: index))) }
            }
        }
        return windows(onto: values, size: tuple.count, count: positions.count) { .tuple($0) }
    }

    private func windows(
        onto storage: [ABIValue], size: Int, count: Int, as wrap: (ABIList) -> ABIValue
    ) -> [ABIValue] {
        (0..<count).map { wrap(ABIList(window: storage[$0 * size..<($0 + 1) * size])) }
    }

    /// The one-word value at `position`, already claimed.
    @inline(__always)
    func word(_ node: ABILayout.Node, _ index: Int, at position: Int, in span: RawSpan) throws(ABIError) -> ABIValue {
        let raw = Word(span, at: position)
        switch node.kind {
        case .int, .fixed:
            let clean = raw.signExtended(bits: node.count)
            guard !checksPadding || clean == raw else { throw layout.dirtyPadding(index, at: position) }
            let number = Int256(bitPattern: clean.uint256)
            return node.kind == .int ? .int(number) : .fixed(number)
        case .bool:
            guard !checksPadding || raw & node.mask == raw else { throw layout.dirtyPadding(index, at: position) }
            return .bool(raw != .zero)
        default: break
        }
        let clean = raw & node.mask
        guard !checksPadding || clean == raw else { throw layout.dirtyPadding(index, at: position) }
        switch node.kind {
        case .uint: return .uint(clean.uint256)
        case .ufixed: return .ufixed(clean.uint256)
        case .address: return .address(clean.address)
        case .fixedBytes: return .fixedBytes(ABIFixedBytes(word: clean, count: node.count))
        case .function: return .function(ABIFunctionReference(word: clean))
        default: throw ABIError(.invalidType, "\(layout.types[index]) is not one word")
        }
    }
}

extension ABIFunctionReference {
    /// The 24 bytes at the front of a word.
    init(word: Word) {
        // Shifted right by 96 bits, the first 20 bytes are the number that an address is.
        let address = Word(0, word.w0 >> 32, word.w0 << 32 | word.w1 >> 32, word.w1 << 32 | word.w2 >> 32)
        self.init(address: address.address, selector: ABISelector(rawValue: UInt32(truncatingIfNeeded: word.w2)))
    }
}
