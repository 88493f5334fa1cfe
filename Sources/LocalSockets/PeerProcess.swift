import CLinuxShims
import Glibc
package import NIOCore
import Synchronization

/// The process that made a connection, told apart from every other whatever becomes of its pid.
package struct PeerProcess: Sendable {
    /// A number that no other process of this boot has.
    package let number: UInt64
    /// Keeps naming the process, alive or not; nil where the kernel gives none. The owner closes it.
    package let descriptor: Int32?

    /// A process of which only the number is kept.
    package init(number: UInt64) { self.init(number: number, descriptor: nil) }

    /// Asks the kernel at accept.
    package static func of(
        _ socket: any SocketOptionProvider, _ credentials: PeerReader.Credentials
    ) -> EventLoopFuture<PeerProcess> {
        let acceptedAt = orakey_boottime_nanoseconds()
        return peerDescriptor(of: socket).map { PeerProcess(vouchedBy: $0, processID: credentials.processID) }.recover {
            error in
            // Linux before 6.5 has no SO_PEERPIDFD. Any other failure means that the process is gone, and its number may
            // be another's by now.
            guard (error as? IOError)?.errnoCode == ENOPROTOOPT,
                let descriptor = open(credentials.processID, acceptedAt: acceptedAt)
            else { return unknown }
            return PeerProcess(vouchedBy: descriptor, processID: credentials.processID)
        }
    }

    /// The same for a plain descriptor.
    package static func of(socket: Int32, _ credentials: PeerReader.Credentials) -> PeerProcess {
        let acceptedAt = orakey_boottime_nanoseconds()
        let found = orakey_peer_pidfd(socket)
        if found >= 0 { return PeerProcess(vouchedBy: found, processID: credentials.processID) }
        guard found == -ENOPROTOOPT, let descriptor = open(credentials.processID, acceptedAt: acceptedAt) else {
            return unknown
        }
        return PeerProcess(vouchedBy: descriptor, processID: credentials.processID)
    }

    /// The process that has this number now, unless it began after the connection was accepted: then it only has the
    /// number of the one that connected.
    package static func open(_ processID: Int32, acceptedAt: Int64) -> Int32? {
        guard processID > 0 else { return nil }
        let descriptor = orakey_pidfd_open(processID)
        guard descriptor >= 0 else { return nil }
        guard let start = startTime(of: processID), start <= acceptedAt,
            orakey_pidfd_pid(descriptor) == processID
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// The same process, with the descriptor given back.
    package consuming func withoutDescriptor() -> PeerProcess {
        if let descriptor { close(descriptor) }
        return PeerProcess(number: number, descriptor: nil)
    }

    private init(vouchedBy descriptor: Int32, processID: pid_t) {
        self.descriptor = descriptor
        var inode: UInt64 = 0
        if unsafe orakey_pidfd_number(descriptor, &inode) == 0 {
            number = inode
        } else if let start = Self.startTime(of: processID), orakey_pidfd_pid(descriptor) == processID {
            // Two processes of one pid never begin within the same hundredth of a second.
            number = UInt64(start / 10_000_000) << 22 | UInt64(processID)
        } else {
            number = Self.nextUnknown()
        }
    }

    private init(number: UInt64, descriptor: Int32?) {
        self.number = number
        self.descriptor = descriptor
    }

    /// A process of which nothing is known: every connection counts as one of its own.
    private static var unknown: PeerProcess { PeerProcess(number: nextUnknown(), descriptor: nil) }

    private static let unknowns = Atomic<UInt64>(0)

    private static func nextUnknown() -> UInt64 {
        1 << 63 | unknowns.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// SO_PEERPIDFD, which has no name in this libc.
    private static func peerDescriptor(of socket: any SocketOptionProvider) -> EventLoopFuture<CInt> {
        socket.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel.socket, name: NIOBSDSocket.Option(rawValue: 77))
    }

    /// When a process began, in nanoseconds of CLOCK_BOOTTIME, rounded down to the kernel's ticks: proc_pid_stat(5).
    package static func startTime(of processID: Int32) -> Int64? {
        // The name in brackets may hold anything, brackets and blanks too.
        guard let text = SmallFile.read("/proc/\(processID)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[end...].split(separator: " ")
        let ticks = Int64(sysconf(Int32(_SC_CLK_TCK)))
        // Field 22 of the line; the bracket's is the second.
        guard fields.count > 20, let start = Int64(fields[20]), ticks > 0 else { return nil }
        return start * (1_000_000_000 / ticks)
    }
}
