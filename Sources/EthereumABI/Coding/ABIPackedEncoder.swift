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
        guard case .tuple(let layouts) = layout.shape, layouts.count == values.count else {
            throw ABIError(.wrongCount, "expected \(parameters.count) values, got \(values.count)")
        }
        var output: [UInt8] = []
        for (index, value) in values.enumerated() {
            do {
                try ABIPackedEncoder.append(value, as: layouts[index], to: &output)
            } catch { throw error.within(layout.place(index)) }
        }
        return output
    }
}

enum ABIPackedEncoder {
    static func append(_ value: ABIValue, as layout: ABILayout, to output: inout [UInt8]) throws(ABIError) {
        switch (layout.shape, value) {
        case (.word(let kind), _):
            let bytes = try Word(value, as: kind, layout).bytes32.bytes
            switch kind {
            case .uint(let bits), .int(let bits), .fixed(let bits), .ufixed(let bits): output += bytes.suffix(bits / 8)
            case .address: output += bytes.suffix(20)
            case .bool: output += bytes.suffix(1)
            case .fixedBytes(let count): output += bytes.prefix(count)
            case .function: output += bytes.prefix(24)
            }
        case (.bytes, .bytes(let bytes)): output += bytes
        case (.string, .string(let text)): output += text.utf8
        case (.array(let element), .array(let list)): try append(list, element, layout, to: &output)
        case (.fixedArray(let element, let count), .array(let list)):
            guard list.count == count else { throw ABIEncoder.wrongCount(list.count, layout) }
            try append(list, element, layout, to: &output)
        case (.tuple, .tuple): throw unsupported(layout)
        default: throw ABIEncoder.mismatch(value, layout)
        }
    }

    private static func append(
        _ list: ABIList, _ element: ABILayout, _ layout: ABILayout, to output: inout [UInt8]
    ) throws(ABIError) {
        guard case .word(let kind) = element.shape else { throw unsupported(layout) }
        for (index, value) in list.enumerated() {
            do {
                output += try Word(value, as: kind, element).bytes32.bytes
            } catch { throw error.within("[\(index)]") }
        }
    }

    private static func unsupported(_ layout: ABILayout) -> ABIError {
        ABIError(.unsupported, "\(layout.type.canonical) has no packed encoding")
    }
}
