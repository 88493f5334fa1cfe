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
        _ = write(Array("orakey: \(message)\n".utf8), to: STDERR_FILENO)
    }
}
