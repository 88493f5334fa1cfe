import CLinuxShims
import Glibc

/// Files of `/proc` that fit one read.
enum SmallFile {
    static let mostBytes = 4096

    /// The text; nil where the file can't be read, is longer, or is not UTF-8.
    static func read(_ path: String) -> String? {
        let file = unsafe orakey_open(path, O_RDONLY, 0)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return unsafe withUnsafeTemporaryAllocation(byteCount: mostBytes, alignment: 1) { buffer in
            let count = unsafe Glibc.read(file, buffer.baseAddress, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return unsafe String(validating: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
        }
    }
}
