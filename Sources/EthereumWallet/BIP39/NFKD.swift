/// Unicode normalization form KD (UAX #15), which BIP-39 asks for, on secret memory.
///
/// The standard library normalizes for its own use only and Foundation does it on strings, which would leave copies of a
/// passphrase on the heap. So the table is here; it is read only when text is not plain ASCII.
enum NFKD {
    /// The longest decomposition of one character (U+FDFA).
    private static let longestDecomposition = 18

    /// The normalized text as UTF-8; nil when `text` is not UTF-8.
    static func normalize(_ text: SecretBytes) -> SecretBytes? {
        if unsafe text.withUnsafeBytes({ unsafe $0.allSatisfy { $0 < 0x80 } }) { return text }
        var scalarCount = 0
        var valid = true
        let scalars = unsafe SecretBytes(capacity: text.count * longestDecomposition * 4) { buffer in
            let scalars = unsafe buffer.bindMemory(to: UInt32.self)
            unsafe text.withUnsafeBytes { unsafe valid = decompose($0, into: scalars, count: &scalarCount) }
            unsafe reorder(UnsafeMutableBufferPointer(rebasing: scalars[..<scalarCount]))
            return scalarCount * 4
        }
        guard valid else { return nil }
        return unsafe scalars.withUnsafeBytes { scalars in
            unsafe SecretBytes(capacity: scalarCount * 4) { output in
                var count = 0
                for index in 0..<scalarCount {
                    let value = unsafe scalars.load(fromByteOffset: 4 * index, as: UInt32.self)
                    for unit in UTF8.encode(Unicode.Scalar(value)!)! {
                        unsafe output[count] = unit
                        count += 1
                    }
                }
                return count
            }
        }
    }

    /// Decodes UTF-8 strictly and replaces each character by its full decomposition.
    private static func decompose(
        _ text: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt32>, count: inout Int
    ) -> Bool {
        var decoder = UTF8()
        var bytes = unsafe text.makeIterator()
        while true {
            switch unsafe decoder.decode(&bytes) {
            case .emptyInput: return true
            case .error: return false
            case .scalarValue(let scalar):
                let replaced = unsafe appendDecomposition(of: scalar.value, to: output, count: &count)
                if !replaced {
                    unsafe output[count] = scalar.value
                    count += 1
                }
            }
        }
    }

    private static func appendDecomposition(
        of code: UInt32, to output: UnsafeMutableBufferPointer<UInt32>, count: inout Int
    ) -> Bool {
        if code < 0x80 { return false }
        // Hangul syllables, Unicode chapter 3.12.
        if (0xAC00...0xD7A3).contains(code) {
            let index = code - 0xAC00
            unsafe output[count] = 0x1100 + index / 588
            unsafe output[count + 1] = 0x1161 + index % 588 / 28
            count += 2
            if index % 28 != 0 {
                unsafe output[count] = 0x11A7 + index % 28
                count += 1
            }
            return true
        }
        guard let decomposition = NFKDTable.shared.decomposition(of: code) else { return false }
        for scalar in decomposition {
            unsafe output[count] = scalar
            count += 1
        }
        return true
    }

    /// Canonical ordering: stable, by combining class, within each run of combining characters.
    private static func reorder(_ scalars: UnsafeMutableBufferPointer<UInt32>) {
        for i in scalars.indices.dropFirst() {
            let scalar = unsafe scalars[i]
            let order = combiningClass(scalar)
            if order == 0 { continue }
            var place = i
            while place > 0, unsafe combiningClass(scalars[place - 1]) > order {
                unsafe scalars[place] = unsafe scalars[place - 1]
                place -= 1
            }
            unsafe scalars[place] = scalar
        }
    }

    private static func combiningClass(_ code: UInt32) -> UInt8 {
        Unicode.Scalar(code)!.properties.canonicalCombiningClass.rawValue
    }
}

/// The decoded table: public data, made when the first text that is not ASCII comes.
private struct NFKDTable: Sendable {
    static let shared = NFKDTable()

    private var codes: [UInt32] = []
    /// Where the decomposition of each code begins in ``scalars``, and where one after the last would.
    private var starts: [Int] = [0]
    private var scalars: [UInt32] = []

    private init() {
        var numbers = NFKD.table.withUTF8Buffer { unsafe Self.numbers(inBase64: $0) }[...]
        while let step = numbers.popFirst(), let length = numbers.popFirst() {
            codes.append((codes.last ?? 0) + step)
            scalars += numbers.prefix(Int(length))
            numbers.removeFirst(Int(length))
            starts.append(scalars.count)
        }
    }

    func decomposition(of code: UInt32) -> ArraySlice<UInt32>? {
        var low = 0
        var high = codes.count
        while low < high {
            let middle = (low + high) / 2
            if codes[middle] < code { low = middle + 1 } else { high = middle }
        }
        guard low < codes.count, codes[low] == code else { return nil }
        return scalars[starts[low]..<starts[low + 1]]
    }

    /// Little-endian base-128 numbers, of which base64 has 6 bits a character.
    private static func numbers(inBase64 text: UnsafeBufferPointer<UInt8>) -> [UInt32] {
        var numbers: [UInt32] = []
        var value: UInt32 = 0
        var shift: UInt32 = 0
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for position in text.indices {
            bits = unsafe bits << 6 | sextet(text[position])
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            let byte = bits >> bitCount & 0xFF
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 == 0 {
                numbers.append(value)
                value = 0
                shift = 0
            }
        }
        return numbers
    }

    private static func sextet(_ character: UInt8) -> UInt32 {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) + 4
        case UInt8(ascii: "+"): 62
        default: 63
        }
    }
}
