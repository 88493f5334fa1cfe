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
    /// The systemd unit of the process's control group, where it has one.
    public let unit: String?

    public init(
        processID: Int32, userID: UInt32, groupIDs: [UInt32], knowsAllGroups: Bool = true, executable: String? = nil,
        unit: String? = nil
    ) {
        self.processID = processID
        self.knowsAllGroups = knowsAllGroups
        self.userID = userID
        self.groupIDs = groupIDs
        self.executable = executable
        self.unit = unit
    }
}
