/// Keys as tries read them: half bytes, high one first; and their compact form inside nodes.
enum Nibbles {
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var nibbles: [UInt8] = []
        nibbles.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            nibbles.append(byte >> 4)
            nibbles.append(byte & 15)
        }
        return nibbles
    }

    /// Hex-prefix encoding (Yellow Paper, appendix C): parity and kind of node in the first nibble.
    static func compact(_ nibbles: ArraySlice<UInt8>, isLeaf: Bool) -> [UInt8] {
        let isOdd = !nibbles.count.isMultiple(of: 2)
        let flags: UInt8 = (isLeaf ? 2 : 0) | (isOdd ? 1 : 0)
        var rest = nibbles
        var bytes = [isOdd ? flags << 4 | rest.removeFirst() : flags << 4]
        bytes.reserveCapacity(1 + rest.count / 2)
        while let high = rest.popFirst(), let low = rest.popFirst() { bytes.append(high << 4 | low) }
        return bytes
    }

    /// Undoes ``compact(_:isLeaf:)``; nil for anything that it does not make.
    static func expand(_ compact: [UInt8]) -> (nibbles: [UInt8], isLeaf: Bool)? {
        guard let first = compact.first, first >> 4 <= 3 else { return nil }
        let isOdd = first & 0x10 != 0
        guard isOdd || first & 15 == 0 else { return nil }
        let nibbles = (isOdd ? [first & 15] : []) + of(Array(compact.dropFirst()))
        return (nibbles, first & 0x20 != 0)
    }
}
