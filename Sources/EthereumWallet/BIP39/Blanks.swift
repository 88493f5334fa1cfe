/// White space that normalization leaves as it is, and characters that nobody sees, between the words of a mnemonic.
enum Blanks {
    /// In UTF-8: next line, Ogham space, zero-width space, line and paragraph separator, byte order mark.
    private static let sequences: [[UInt8]] = [
        [0xC2, 0x85], [0xE1, 0x9A, 0x80], [0xE2, 0x80, 0x8B], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xA9],
        [0xEF, 0xBB, 0xBF],
    ]

    /// The normalized text with spaces in their place.
    static func replaced(in text: SecretBytes) -> SecretBytes {
        if unsafe text.withUnsafeBytes({ unsafe $0.allSatisfy { $0 < 0x80 } }) { return text }
        return unsafe SecretBytes(count: text.count) { output in
            unsafe text.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
            for start in output.indices where unsafe output[start] >= 0x80 {
                for sequence in sequences where unsafe output[start...].starts(with: sequence) {
                    for offset in sequence.indices { unsafe output[start + offset] = UInt8(ascii: " ") }
                }
            }
        }
    }
}
