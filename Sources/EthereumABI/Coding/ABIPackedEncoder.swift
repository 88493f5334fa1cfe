import EthereumCore

extension ABICodec {
    /// The non-standard packed encoding, for hashing: values side by side at their own width, without lengths and
    /// offsets. It is ambiguous with more than one dynamic value.
    ///
    /// Standard: Contract ABI Specification, "Non-standard Packed Mode". As there, array elements are padded to words,
    /// and tuples, nested arrays and arrays of dynamic elements have no packed form.
    ///
    /// - Throws: ``ABIError``; code `unsupported` for types without a packed form.
    public func encodePacked(_ values: [ABIValue]) throws(ABIError) -> [UInt8] {
        let root = layout.root
        guard root.count == values.count else {
            throw ABIError(.wrongCount, "expected \(root.count) values, got \(values.count)")
        }
        var output: [UInt8] = []
        for (position, value) in values.enumerated() {
            do {
                try layout.appendPacked(value, root.child + position, to: &output)
            } catch { throw error.within(layout.place(position, in: 0)) }
        }
        return output
    }
}

extension ABILayout {
    fileprivate func appendPacked(_ value: ABIValue, _ index: Int, to output: inout [UInt8]) throws(ABIError) {
        let node = nodes[index]
        switch (node.kind, value) {
        case (.uint, _), (.int, _), (.fixed, _), (.ufixed, _):
            output += try word(of: value, node, index).bytes32.bytes.suffix(node.count / 8)
        case (.address, _): output += try word(of: value, node, index).bytes32.bytes.suffix(20)
        case (.bool, _): output += try word(of: value, node, index).bytes32.bytes.suffix(1)
        case (.fixedBytes, _), (.function, _):
            output += try word(of: value, node, index).bytes32.bytes.prefix(node.count)
        case (.bytes, .bytes(let bytes)): output += bytes
        case (.string, .string(let text)): output += text.utf8
        case (.array, .array(let list)), (.fixedArray, .array(let list)):
            guard node.kind == .array || list.count == node.count else { throw wrongCount(list.count, index) }
            let element = nodes[node.child]
            guard element.kind.isWord else { throw hasNoPackedForm(index) }
            for (position, value) in list.enumerated() {
                do {
                    output += try word(of: value, element, node.child).bytes32.bytes
                } catch { throw error.within("[\(position)]") }
            }
        case (.tuple, .tuple): throw hasNoPackedForm(index)
        default: throw mismatch(value, index)
        }
    }

    private func hasNoPackedForm(_ index: Int) -> ABIError {
        ABIError(.unsupported, "\(types[index].canonical) has no packed encoding")
    }
}
