internal import Glibc

extension [UInt8] {
    /// Overwrites bytes that were a secret. Another array that shares them keeps its own.
    public mutating func wipe() {
        unsafe withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { unsafe explicit_bzero(start, bytes.count) }
        }
    }
}
