/// The process at the other end of a socket, as the kernel vouches for it.
public struct Peer: Sendable, Hashable {
    public let processID: Int32
    public let userID: UInt32
    /// Primary and supplementary groups.
    public let groupIDs: [UInt32]
    /// False where only the primary group was asked for.
    public let knowsAllGroups: Bool
    /// The executable's path, where it could be read.
    public let executable: String?
    /// The systemd units that the process's control group puts it in: slices, then the service or scope.
    public let units: [String]
    /// A number that no other process of this boot has, whatever becomes of its pid.
    public let process: UInt64

    public init(
        processID: Int32, userID: UInt32, groupIDs: [UInt32], knowsAllGroups: Bool = true, executable: String? = nil,
        units: [String] = [], process: UInt64 = 0
    ) {
        self.processID = processID
        self.knowsAllGroups = knowsAllGroups
        self.userID = userID
        self.groupIDs = groupIDs
        self.executable = executable
        self.units = units
        self.process = process
    }
}
