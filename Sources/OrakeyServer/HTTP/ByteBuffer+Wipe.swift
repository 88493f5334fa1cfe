import Glibc
import NIOCore

extension ByteBuffer {
    /// Overwrites the readable bytes where they are, for all buffers that share them.
    ///
    /// A plain write would make a copy where somebody still holds the buffer, and wipe that. So call it only once nobody
    /// reads these bytes any more: after they were sent, or could not be.
    func wipe() {
        unsafe withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
