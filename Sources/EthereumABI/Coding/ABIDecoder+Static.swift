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
    func staticContainer(_ layout: ABILayout, at position: Int, in span: RawSpan) throws(ABIError) -> ABIValue {
        do {
            return try column(layout, at: [position], in: span)[0]
        } catch { throw error.error }
    }

    /// `count` static values one behind the other, already claimed.
    func staticElements(
        _ element: ABILayout, count: Int, at start: Int, in span: RawSpan
    ) throws(ABIError) -> ABIList {
        if case .word(let kind) = element.shape {
            var values: [ABIValue] = []
            values.reserveCapacity(count)
            var position = start
            for index in 0..<count {
                do {
                    values.append(try word(kind, element, at: position, in: span))
                } catch { throw error.within("[\(index)]") }
                position += 32
            }
            return ABIList(values)
        }
        let positions = (0..<count).map { start + $0 * element.headSize }
        do {
            return ABIList(try column(element, at: positions, in: span))
        } catch { throw error.error.within("[\(error.index)]") }
    }

    /// One value of the same static type at each of the positions.
    private func column(
        _ layout: ABILayout, at positions: [Int], in span: RawSpan
    ) throws(ColumnFailure) -> [ABIValue] {
        switch layout.shape {
        case .tuple(let layouts): return try tuples(layouts, of: layout, at: positions, in: span)
        case .fixedArray(let element, let count):
            var inner: [Int] = []
            inner.reserveCapacity(positions.count * count)
            for position in positions {
                for index in 0..<count { inner.append(position + index * element.headSize) }
            }
            do {
                return windows(onto: try column(element, at: inner, in: span), size: count, count: positions.count) {
                    .array($0)
                }
            } catch {
                let place = "[\(error.index % count)]"
                throw ColumnFailure(index: error.index / count, error: error.error.within(place))
            }
        default:
            var values: [ABIValue] = []
            values.reserveCapacity(positions.count)
            guard case .word(let kind) = layout.shape else { return values }  // dynamic shapes do not come here
            for (index, position) in positions.enumerated() {
                do {
                    values.append(try word(kind, layout, at: position, in: span))
                } catch { throw ColumnFailure(index: index, error: error) }
            }
            return values
        }
    }

    private func tuples(
        _ layouts: [ABILayout], of layout: ABILayout, at positions: [Int], in span: RawSpan
    ) throws(ColumnFailure) -> [ABIValue] {
        // Compound members first, as columns of their own; then all members are laid out tuple by tuple.
        var columns: [[ABIValue]] = []
        var heads: [Int] = []
        var head = 0
        for (place, member) in layouts.enumerated() {
            heads.append(head)
            if case .word = member.shape {
                columns.append([])
            } else {
                do {
                    columns.append(try column(member, at: positions.map { $0 + head }, in: span))
                } catch {
                    throw ColumnFailure(index: error.index, error: error.error.within(layout.place(place)))
                }
            }
            head += member.headSize
        }
        var values: [ABIValue] = []
        values.reserveCapacity(positions.count * layouts.count)
        for (index, position) in positions.enumerated() {
            for (place, member) in layouts.enumerated() {
                guard case .word(let kind) = member.shape else {
                    values.append(columns[place][index])
                    continue
                }
                do {
                    values.append(try word(kind, member, at: position + heads[place], in: span))
                } catch { throw ColumnFailure(index: index, error: error.within(layout.place(place))) }
            }
        }
        return windows(onto: values, size: layouts.count, count: positions.count) { .tuple($0) }
    }

    private func windows(
        onto storage: [ABIValue], size: Int, count: Int, as wrap: (ABIList) -> ABIValue
    ) -> [ABIValue] {
        (0..<count).map { wrap(ABIList(window: storage[$0 * size..<($0 + 1) * size])) }
    }

    /// The one-word value at `position`, already claimed.
    @inline(__always)
    func word(
        _ kind: ABILayout.WordKind, _ layout: ABILayout, at position: Int, in span: RawSpan
    ) throws(ABIError) -> ABIValue {
        let word = Word(span, at: position)
        switch kind {
        case .uint(let bits): return .uint(try unsigned(word, bits, layout, position).uint256)
        case .int(let bits): return .int(Int256(bitPattern: try signed(word, bits, layout, position).uint256))
        case .address: return .address(try unsigned(word, 160, layout, position).address)
        case .bool:
            let isTrue = word != .zero
            guard !checksPadding || !isTrue || word == Word(0, 0, 0, 1) else {
                throw ABIError(.dirtyPadding, "the boolean at byte \(position) is neither 0 nor 1")
            }
            return .bool(isTrue)
        case .fixedBytes(let count):
            return .fixedBytes(ABIFixedBytes(word: try leftAligned(word, count, layout, position), count: count))
        case .function:
            let clean = try leftAligned(word, 24, layout, position)
            // Address and selector are the upper 192 bits; shifted right by 96 bits the address is a number.
            let address = Word(0, clean.w0 >> 32, clean.w0 << 32 | clean.w1 >> 32, clean.w1 << 32 | clean.w2 >> 32)
            return .function(
                ABIFunctionReference(
                    address: address.address, selector: ABISelector(rawValue: UInt32(truncatingIfNeeded: clean.w2))))
        case .fixed(let bits): return .fixed(Int256(bitPattern: try signed(word, bits, layout, position).uint256))
        case .ufixed(let bits): return .ufixed(try unsigned(word, bits, layout, position).uint256)
        }
    }

    @inline(__always)
    private func unsigned(_ word: Word, _ bits: Int, _ layout: ABILayout, _ position: Int) throws(ABIError) -> Word {
        if bits == 256 { return word }
        return try checked(word, against: word & Word.lowMask(bits: bits), layout, position)
    }

    @inline(__always)
    private func signed(_ word: Word, _ bits: Int, _ layout: ABILayout, _ position: Int) throws(ABIError) -> Word {
        if bits == 256 { return word }
        return try checked(word, against: word.signExtended(bits: bits), layout, position)
    }

    @inline(__always)
    private func leftAligned(_ word: Word, _ count: Int, _ layout: ABILayout, _ position: Int) throws(ABIError) -> Word
    {
        if count == 32 { return word }
        return try checked(word, against: word & ~Word.lowMask(bits: 256 - 8 * count), layout, position)
    }

    @inline(__always)
    private func checked(
        _ word: Word, against clean: Word, _ layout: ABILayout, _ position: Int
    ) throws(ABIError) -> Word {
        guard !checksPadding || word == clean else {
            throw ABIError(
                .dirtyPadding, "the padding of the \(layout.type.canonical) at byte \(position) is not clean")
        }
        return clean
    }
}
