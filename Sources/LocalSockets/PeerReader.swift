import CLinuxShims
import Glibc
package import NIOCore

/// Asks the kernel who is at the other end of a connection.
package enum PeerReader {
    /// What stays true as long as the connection lives: the credentials at the time of connect.
    package struct Credentials: Sendable {
        package let processID: Int32
        package let userID: UInt32
        package let groupID: UInt32
    }

    /// The longest list of groups that is read.
    private static let mostGroups: Int32 = 256

    /// The same for a plain descriptor; nil for anything but a connected Unix socket.
    package static func credentials(of socket: Int32) -> Credentials? {
        var (processID, userID, groupID) = (pid_t(), uid_t(), gid_t())
        guard unsafe orakey_peer_credentials(socket, &processID, &userID, &groupID) == 0 else { return nil }
        return Credentials(processID: processID, userID: userID, groupID: groupID)
    }

    /// The same for a plain descriptor.
    package static func groups(of socket: Int32) -> [UInt32] {
        unsafe withUnsafeTemporaryAllocation(of: gid_t.self, capacity: Int(mostGroups)) { buffer in
            let count = unsafe orakey_peer_groups(socket, buffer.baseAddress, mostGroups)
            return unsafe count > 0 ? Array(buffer[..<Int(count)]) : []
        }
    }

    /// `struct ucred` of unix(7), which this libc hides behind a macro.
    private struct KernelCredentials {
        let pid: pid_t
        let uid: uid_t
        let gid: gid_t
    }

    package static func credentials(of socket: any SocketOptionProvider) -> EventLoopFuture<Credentials> {
        let future: EventLoopFuture<KernelCredentials> = socket.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel.socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return future.map { Credentials(processID: $0.pid, userID: $0.uid, groupID: $0.gid) }
    }

    /// The supplementary groups of the process at the time of connect, whenever that is asked; none where there are more
    /// than the list holds, so that nobody is let in by a guess.
    package static func groups(of socket: any SocketOptionProvider) -> EventLoopFuture<[UInt32]> {
        // SO_PEERGROUPS has no name in this libc.
        let future: EventLoopFuture<InlineArray<256, gid_t>> = socket.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel.socket, name: NIOBSDSocket.Option(rawValue: 59))
        return future.map { list in
            // The kernel keeps them in ascending order, and what it does not fill is zero: a zero further back than the
            // first place is no group. A list of group 0 alone can't be told from an empty one, and counts as that.
            var groups: [gid_t] = []
            for index in list.indices {
                if list[index] == 0, index > 0 { break }
                groups.append(list[index])
            }
            return groups == [0] ? [] : groups
        }.recover { _ in [] }
    }

    /// Executable and units of the process, read while the descriptor vouches for the number. Read at each request: a
    /// process can replace its executable.
    package static func details(
        _ credentials: Credentials, descriptor: Int32?
    ) -> (executable: String?, units: [String]) {
        guard let descriptor, credentials.processID > 0 else { return (nil, []) }
        guard orakey_pidfd_pid(descriptor) == credentials.processID else { return (nil, []) }
        let executable = executable(behind: "/proc/\(credentials.processID)/exe")
        let group = SmallFile.read("/proc/\(credentials.processID)/cgroup").map { ControlGroup(file: $0) }
        guard orakey_pidfd_pid(descriptor) == credentials.processID else { return (nil, []) }
        return (executable, group?.units(forServiceOf: geteuid()) ?? [])
    }

    /// The path of a running executable, if that is the file that has this path here. Every user may make a mount namespace and
    /// put a file of their own at any path in it, which the kernel then tells as if it were this host's.
    private static func executable(behind link: String) -> String? {
        guard let path = readLink(link) else { return nil }
        var (running, named) = (stat(), stat())
        let isHere =
            unsafe stat(link, &running) == 0 && stat(path, &named) == 0
            && running.st_dev == named.st_dev && running.st_ino == named.st_ino
        return isHere ? path : path + " (elsewhere)"
    }

    private static func readLink(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
            let count = unsafe readlink(path, start, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return unsafe String(validating: buffer.prefix(count), as: UTF8.self)
        }
    }
}
