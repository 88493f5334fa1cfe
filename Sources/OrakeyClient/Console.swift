internal import Glibc

/// Plain writes to descriptors, for programs that must not pay for more.
public enum Console {
    /// Writes all bytes; false with `errno` set when that fails.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    /// Writes all bytes; false with `errno` set when that fails.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { write($0, to: descriptor) }
    }

    /// One line on standard error, under the program's name.
    public static func complain(_ message: String) {
        _ = write(Array("orakey: \(printable(message))\n".utf8), to: STDERR_FILENO)
    }

    /// The text with everything replaced that could paint a terminal: messages may quote what an endpoint sent.
    public static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: result.append(scalar)
            case ..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: result.append("?")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
