public import EthereumCore
public import OrakeyKey

/// What the agent knows of one key. The key itself is never part of it: wallet and message rebuild it.
public struct KeyRecord: Sendable, Equatable {
    public let network: NetworkName
    public let owner: Address
    /// The `bytes32` that the contract issued; with network and owner the identity of the key.
    public let message: Bytes32
    /// Known once the wallet has been unlocked after the key was seen.
    public var fingerprint: Fingerprint?
    public var consumer: String?
    public var state: KeyState
    /// The consumer's count of keys when this one was handed out.
    public var generation: UInt64?
    public var createdBlock: UInt64?
    public var createdTransaction: Bytes32?
    public var disabledBlock: UInt64?
    public var disabledTransaction: Bytes32?
    /// Why the key was revoked or retired, in an operator's words.
    public var reason: String?
    /// The end of the grace period of a retiring key.
    public var notAfter: Timestamp?
    /// When the key was handed to its consumer; scheduled rotation counts from here.
    public var assignedAt: Timestamp?

    public init(network: NetworkName, owner: Address, message: Bytes32, state: KeyState) {
        self.network = network
        self.owner = owner
        self.message = message
        self.state = state
    }

    /// When a schedule replaces this key: up to a tenth of the period early, by its message, so that keys handed out
    /// together are not rotated together.
    func rotationDue(every seconds: Int64) -> Timestamp? {
        guard let assignedAt else { return nil }
        let spread = UInt64(max(1, seconds / 10))
        let digest = Keccak256.hash(message).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        return assignedAt.adding(seconds: seconds - Int64(digest % spread))
    }
}
