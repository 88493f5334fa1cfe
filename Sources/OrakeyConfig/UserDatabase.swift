import Glibc

/// The users and groups of a host, so that a configuration may name them.
public struct UserDatabase: Sendable {
    /// The numeric id of a user, or `nil` if there is no such user.
    public var userID: @Sendable (String) -> UInt32?
    /// The numeric id of a group, or `nil` if there is no such group.
    public var groupID: @Sendable (String) -> UInt32?

    /// A database of one's own, as tests use it.
    public init(userID: @escaping @Sendable (String) -> UInt32?, groupID: @escaping @Sendable (String) -> UInt32?) {
        self.userID = userID
        self.groupID = groupID
    }

    /// The users and groups of this host (`getpwnam_r`, `getgrnam_r`).
    public static let system = UserDatabase(
        userID: { name in
            var entry = passwd()
            return lookUp { buffer, size in
                var found: UnsafeMutablePointer<passwd>?
                let status = getpwnam_r(name, &entry, buffer, size, &found)
                return (status, found.map { $0.pointee.pw_uid })
            }
        },
        groupID: { name in
            var entry = group()
            return lookUp { buffer, size in
                var found: UnsafeMutablePointer<group>?
                let status = getgrnam_r(name, &entry, buffer, size, &found)
                return (status, found.map { $0.pointee.gr_gid })
            }
        })

    /// Calls with a larger buffer for as long as the entry does not fit.
    private static func lookUp(_ call: (UnsafeMutablePointer<CChar>, Int) -> (status: Int32, id: UInt32?)) -> UInt32? {
        var size = 1024
        while size <= 1 << 20 {
            let answer = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                guard let start = buffer.baseAddress else { return (status: ENOMEM, id: UInt32?.none) }
                return call(start, size)
            }
            if answer.status != ERANGE { return answer.id }
            size *= 2
        }
        return nil
    }
}
