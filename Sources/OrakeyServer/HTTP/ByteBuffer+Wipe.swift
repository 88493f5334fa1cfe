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

    /// Appends a copy of the bytes. A buffer that grows by itself would leave its old bytes where they were.
    mutating func take(_ bytes: ByteBuffer, allocator: ByteBufferAllocator) {
        if writableBytes < bytes.readableBytes {
            var larger = allocator.buffer(capacity: max(readableBytes + bytes.readableBytes, 2 * capacity))
            larger.writeImmutableBuffer(self)
            wipe()
            self = larger
        }
        writeImmutableBuffer(bytes)
    }
}
