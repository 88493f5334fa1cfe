public import EthereumABI
public import EthereumCore

/// The reference contract's interface with Swift types; `contracts-abi/ApiKeys.abi.json` describes the same, which a
/// test compares. Each function returns a call: its data, and how to read the answer.
public struct ApiKeysContract: Sendable {
    /// The interface as the contract's ABI describes it.
    public let abi: ContractABI

    static let declarations = [
        "constructor()",
        "event KeyCreated(address indexed owner, bytes32 indexed message)",
        "event KeyDisabled(address indexed owner, bytes32 indexed message)",
        "event RevokerSet(address indexed owner, address indexed revoker)",
        "function createKey() returns (bytes32)",
        "function createKeys(uint256 n) returns (bytes32, bytes32)",
        "function disableKey(bytes32 message)",
        "function disableKeys(bytes32[] messages)",
        "function disableKeyFor(address owner, bytes32 message)",
        "function disableKeysFor(address owner, bytes32[] messages)",
        "function setRevoker(address revoker)",
        "function isActive(address owner, bytes32 message) view returns (bool)",
        "function messageAt(address owner, uint256 index) view returns (bytes32)",
        "function keysOf(address owner, uint256 offset, uint256 limit) view returns ((bytes32 message, bool active)[])",
        "function statusWords(address owner, uint256 firstWord, uint256 count) view returns (uint256[])",
        "function MAX_BATCH() view returns (uint256)",
        "function MAX_STATUS_WORDS() view returns (uint256)",
        "function PREFIX() view returns (uint256)",
        "function keyCount(address arg0) view returns (uint256)",
        "function revokerOf(address arg0) view returns (address)",
    ]

    /// Prepares the functions; use one for all calls.
    public init() throws(ABIError) { abi = try ContractABI(humanReadable: Self.declarations) }

    // MARK: changes

    /// Creates the owner's next key; returns its message.
    public func createKey() throws(ABIError) -> ABICall<Bytes32> {
        try abi.function("createKey").call(returning: Bytes32.self)
    }

    /// Creates `count` keys; returns the first and the last message.
    public func createKeys(_ count: UInt64) throws(ABIError) -> ABICall<(Bytes32, Bytes32)> {
        try abi.function("createKeys").call(count, returning: Bytes32.self, Bytes32.self)
    }

    /// Disables a key of the caller, for ever.
    public func disableKey(_ message: Bytes32) throws(ABIError) -> ABICall<()> {
        try abi.function("disableKey").call(message)
    }

    /// Disables keys of the caller.
    public func disableKeys(_ messages: [Bytes32]) throws(ABIError) -> ABICall<()> {
        try abi.function("disableKeys").call(messages)
    }

    /// Disables a key of `owner`, who has appointed the caller as revoker.
    public func disableKeyFor(_ owner: Address, _ message: Bytes32) throws(ABIError) -> ABICall<()> {
        try abi.function("disableKeyFor").call(owner, message)
    }

    /// Disables keys of `owner`, who has appointed the caller as revoker.
    public func disableKeysFor(_ owner: Address, _ messages: [Bytes32]) throws(ABIError) -> ABICall<()> {
        try abi.function("disableKeysFor").call(owner, messages)
    }

    /// Appoints the caller's revoker; the zero address withdraws it.
    public func setRevoker(_ revoker: Address) throws(ABIError) -> ABICall<()> {
        try abi.function("setRevoker").call(revoker)
    }

    // MARK: views

    /// Whether the owner's key is active.
    public func isActive(_ owner: Address, _ message: Bytes32) throws(ABIError) -> ABICall<Bool> {
        try abi.function("isActive").call(owner, message, returning: Bool.self)
    }

    /// How many keys the owner has created.
    public func keyCount(_ owner: Address) throws(ABIError) -> ABICall<UInt64> {
        try abi.function("keyCount").call(owner, returning: UInt64.self)
    }

    /// The message of the owner's key number `index`, from 0.
    public func messageAt(_ owner: Address, index: UInt64) throws(ABIError) -> ABICall<Bytes32> {
        try abi.function("messageAt").call(owner, index, returning: Bytes32.self)
    }

    /// Messages and states of the owner's keys; each element is a tuple `(message, active)`.
    public func keysOf(_ owner: Address, offset: UInt64, limit: UInt64) throws(ABIError) -> ABICall<[ABIValue]> {
        try abi.function("keysOf").call(owner, offset, limit, returning: [ABIValue].self)
    }

    /// Status words: one bit for each key, set once it is disabled, lowest bit first, 256 keys a word.
    public func statusWords(
        _ owner: Address, firstWord: UInt64, count: UInt64
    ) throws(ABIError) -> ABICall<[UInt256]> {
        try abi.function("statusWords").call(owner, firstWord, count, returning: [UInt256].self)
    }

    /// The owner's revoker; zero when there is none.
    public func revokerOf(_ owner: Address) throws(ABIError) -> ABICall<Address> {
        try abi.function("revokerOf").call(owner, returning: Address.self)
    }

    /// Most keys in one call of ``createKeys(_:)`` or ``disableKeys(_:)``.
    public func maxBatch() throws(ABIError) -> ABICall<UInt64> {
        try abi.function("MAX_BATCH").call(returning: UInt64.self)
    }

    /// The upper 192 bits of every message, as a number.
    public func prefix() throws(ABIError) -> ABICall<UInt256> {
        try abi.function("PREFIX").call(returning: UInt256.self)
    }
}
