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
        return table.withUTF8Buffer { text in
            var reader = unsafe TableReader(text: text)
            var current: UInt32 = 0
            while let step = reader.next(), let length = reader.next() {
                current += step
                if current > code { return false }
                for _ in 0..<length {
                    guard let scalar = reader.next() else { return false }
                    if current == code {
                        unsafe output[count] = scalar
                        count += 1
                    }
                }
                if current == code { return true }
            }
            return false
        }
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

/// Numbers out of the base64 text of the table.
@safe private struct TableReader {
    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var bits: UInt32 = 0
    private var bitCount = 0

    /// The text must outlive the reader.
    @unsafe init(text: UnsafeBufferPointer<UInt8>) {
        unsafe self.text = text
    }

    /// The next number, nil at the end.
    mutating func next() -> UInt32? {
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while let byte = nextByte() {
            value |= UInt32(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func nextByte() -> UInt8? {
        while bitCount < 8 {
            guard unsafe position < text.count else { return nil }
            bits = unsafe bits << 6 | Self.sextet(text[position])
            position += 1
            bitCount += 6
        }
        bitCount -= 8
        return UInt8(truncatingIfNeeded: bits >> UInt32(bitCount))
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
