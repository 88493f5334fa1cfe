import Glibc

/// Binds TCP ports that only this host can reach.
public enum LoopbackBinding {
    /// Binds 127.0.0.1 and this port; 0 takes a free one. Returns the descriptor, not yet listening, and the port.
    public static func bind(port: UInt16) throws(SocketError) -> (descriptor: Int32, port: UInt16) {
        let place = "127.0.0.1:\(port)"
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(place, "making a socket") }
        do throws(SocketError) {
            var on: Int32 = 1
            guard
                unsafe setsockopt(
                    descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
            else { throw failure(place, "setting it up") }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = unsafe withGeneric(&address) { address in
                unsafe Glibc.bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
            guard code == 0 else { throw errno == EADDRINUSE ? .live(path: place) : failure(place, "binding") }
            return (descriptor, UInt16(bigEndian: address.sin_port))
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func withGeneric<R>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> R
    ) -> R {
        unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    private static func failure(_ place: String, _ step: String) -> SocketError {
        .failed(path: place, step: step, reason: unsafe String(cString: strerror(errno)))
    }
}
