import Glibc
import OrakeyClient
import OrakeyConfig

/// The user that the host's daemon runs as, and the rights that it needs to the files root has set up for it.
struct ServiceUser {
    static let name = "orakeyd"

    let userID: uid_t
    let groupID: gid_t

    /// nil when the host has no such user yet.
    init?(_ users: UserDatabase = .system) {
        guard let userID = users.userID(Self.name), let groupID = users.groupID(Self.name) else { return nil }
        self.userID = userID
        self.groupID = groupID
    }

    /// The configuration and its folder stay root's and can be read; the wallet, which nobody else may read, becomes its.
    func giveAccess(configuration: String, wallet: String) throws {
        try set(AtomicFile.folder(of: configuration), owner: 0, mode: 0o750)
        try set(configuration, owner: 0, mode: 0o640)
        try set(wallet, owner: userID, mode: 0o600)
    }

    private func set(_ path: String, owner: uid_t, mode: mode_t) throws {
        guard chown(path, owner, groupID) == 0, chmod(path, mode) == 0 else {
            throw Failure(.notPermitted, "cannot give \(path) to \(Self.name): \(String(cString: strerror(errno)))")
        }
    }
}
