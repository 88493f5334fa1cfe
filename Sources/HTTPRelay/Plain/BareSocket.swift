import Glibc
import NIOCore

/// The socket below a channel, for the two things that cost several times a system call by way of the channel.
///
/// The descriptor is the channel's: it is used only while the channel is active, on the channel's event loop.
final class BareSocket {
    private let channel: any Channel
    /// Nil where there is none; everything then goes by way of the channel.
    private let descriptor: CInt?
    /// Writes that are the channel's by now. What comes after them stays behind them.
    private var waiting = 0
    private var hasQueue = false

    init(below channel: any Channel) {
        self.channel = channel
        descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
    }

    // MARK: Sending

    /// Leaves these bytes to the channel, which sends them together with those of the next ``send(_:whenOut:)``.
    func queue(_ bytes: ByteBuffer) {
        hasQueue = true
        channel.write(bytes, promise: nil)
    }

    /// Sends what the socket takes at once, and leaves the rest to the channel.
    ///
    /// - Parameter whenOut: called once the channel, too, is done with these bytes; not where this is so at once.
    /// - Returns: whether it is so at once.
    @discardableResult
    func send(_ bytes: ByteBuffer, whenOut: @escaping () -> Void = {}) -> Bool {
        var rest = bytes
        if !hasQueue {
            if waiting == 0, rest.readableBytes > 0 { rest.moveReaderIndex(forwardBy: sendAtOnce(rest)) }
            if rest.readableBytes == 0 { return true }
        }
        // Whatever failed fails for the channel as well, which knows what to do about it.
        hasQueue = false
        waiting += 1
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            waiting -= 1
            whenOut()
        }
        channel.writeAndFlush(rest, promise: promise)
        return false
    }

    private func sendAtOnce(_ bytes: ByteBuffer) -> Int {
        guard let descriptor, channel.isActive else { return 0 }
        return unsafe bytes.withUnsafeReadableBytes { bytes in
            max(0, unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
        }
    }

    // MARK: Receiving

    /// Whether the kernel holds nothing that was not read, not even the connection's end. A look leaves it there.
    var isQuiet: Bool {
        guard let descriptor, channel.isActive else { return false }
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }
}
