internal import Glibc

/// Plain writes to descriptors, for programs that must not pay for more.
public enum Console {
    /// Writes all bytes; false with `errno` set when that fails.
    public static func write(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Bool {
        let bytes = Array(bytes)
        return bytes.withUnsafeBytes { raw in
            var written = 0
            while written < raw.count {
                let count = Glibc.write(descriptor, raw.baseAddress?.advanced(by: written), raw.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }

    /// One line on standard error, under the program's name.
    public static func complain(_ message: String) {
        _ = write("orakey: \(message)\n".utf8, to: STDERR_FILENO)
    }
}
