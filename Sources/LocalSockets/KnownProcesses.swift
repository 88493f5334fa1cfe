import CLinuxShims
import Glibc

/// The processes that connected to one listening socket before, so that the next connection of one costs a look at its
/// pidfd and not a new one.
///
/// Safe against pids that are used again: a process keeps its pid until it has ended, and the kernel queues connections in
/// the order in which they are made. So when a process that made an earlier connection has not ended yet, a later
/// connection with its pid is its own. That holds for one listening socket whose connections are asked about in the order
/// in which they are accepted, and for no more: two sockets have two of these.
package struct KnownProcesses: ~Copyable {
    private struct Known {
        let descriptor: Int32
        let number: UInt64
        var lastUse: UInt64
    }

    /// Each holds a descriptor, which ``DescriptorLimit`` leaves room for.
    static let most = 32

    private var known: [Int32: Known] = [:]
    private var uses: UInt64 = 0

    package init() {}

    /// The number of the process at the other end of a connection that was just accepted, as in ``PeerProcess``.
    package mutating func number(of socket: Int32, _ credentials: PeerReader.Credentials) -> UInt64 {
        uses += 1
        if let index = known.index(forKey: credentials.processID) {
            if orakey_pidfd_is_alive(known.values[index].descriptor) != 0 {
                known.values[index].lastUse = uses
                return known.values[index].number
            }
            close(known.values[index].descriptor)
            known.remove(at: index)
        }
        let process = PeerProcess.of(socket: socket, credentials)
        guard let descriptor = process.descriptor else { return process.number }
        // 0 is everybody outside of this pid namespace.
        guard credentials.processID > 0 else { return process.withoutDescriptor().number }
        if known.count == Self.most, let oldest = known.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            close(oldest.value.descriptor)
            known[oldest.key] = nil
        }
        known[credentials.processID] = Known(descriptor: descriptor, number: process.number, lastUse: uses)
        return process.number
    }

    deinit { for one in known.values { close(one.descriptor) } }
}
