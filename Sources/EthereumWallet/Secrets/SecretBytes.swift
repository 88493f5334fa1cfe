import CSodium

/// Bytes that must not leak: a passphrase, a seed, a private key, an API key.
///
/// The bytes lie in locked memory that is left out of core dumps, are wiped when the last reference goes, compare in
/// constant time, and print as `<secret>` in every form of printing and reflection. They never change after `init`,
/// so a value can be shared between threads. There is no way to a `String` or an array but copying inside
/// ``withUnsafeBytes(_:)``; whoever copies owns the copy and wipes it.
@safe public final class SecretBytes: Sendable {
    /// Number of bytes. Not secret.
    public let count: Int
    private let block: SecretBlock

    /// Room for at most `capacity` bytes, written by `body`, which returns how many it wrote.
    ///
    /// - Parameters:
    ///   - capacity: Upper limit of the length in bytes.
    ///   - body: Fills the buffer, which is zero before, and returns the number of bytes used, `0...capacity`. What it
    ///     throws is thrown on, and the memory is wiped.
    public init<E: Error>(
        capacity: Int, initializing body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        let block = SecretMemory.allocate(capacity)
        do throws(E) {
            let count = try unsafe body(UnsafeMutableRawBufferPointer(start: block.base, count: capacity))
            precondition((0...capacity).contains(count), "a secret longer than its memory")
            self.count = count
            self.block = block
        } catch {
            SecretMemory.release(block)
            throw error
        }
    }

    /// Exactly `count` bytes, written by `body` into a buffer that is zero before.
    public convenience init<E: Error>(
        count: Int, initializing body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        try unsafe self.init(capacity: count) { buffer throws(E) in
            try unsafe body(buffer)
            return count
        }
    }

    /// A copy of `bytes`. The original stays the caller's, to wipe or to know as public.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        unsafe self.init(count: bytes.count) { unsafe $0.copyMemory(from: bytes) }
    }

    /// A copy of `bytes`. The original stays the caller's, to wipe or to know as public.
    public convenience init(copying bytes: [UInt8]) {
        unsafe self.init(count: bytes.count) { unsafe $0.copyBytes(from: bytes) }
    }

    /// `count` bytes from the system's random generator (`getrandom(2)`).
    public static func random(count: Int) -> SecretBytes {
        unsafe SecretBytes(count: count) { buffer in
            if let base = buffer.baseAddress { unsafe randombytes_buf(base, buffer.count) }
        }
    }

    deinit {
        SecretMemory.release(block)
    }

    /// Lends the bytes to `body`. The pointer must not outlive the call.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { _fixLifetime(self) }
        return try unsafe body(storage)
    }

    @usableFromInline
    var storage: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: block.base, count: count)
    }

    /// True when there is no byte.
    public var isEmpty: Bool { count == 0 }

    /// The first `length` bytes, as a secret of their own.
    package func prefix(_ length: Int) -> SecretBytes {
        precondition((0...count).contains(length))
        return unsafe withUnsafeBytes { unsafe SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// False when the kernel refused to lock the memory of some secret (`RLIMIT_MEMLOCK`), so that secrets may reach
    /// swap space. Worth a warning, not a stop.
    public static var memoryIsLocked: Bool { SecretMemory.isLocked }
}

extension SecretBytes: Equatable {
    /// Compares in time that depends on the lengths only.
    public static func == (a: SecretBytes, b: SecretBytes) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBytes { a in
            unsafe b.withUnsafeBytes { b in
                guard let left = a.baseAddress, let right = b.baseAddress else { return true }
                return unsafe sodium_memcmp(left, right, a.count) == 0
            }
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
