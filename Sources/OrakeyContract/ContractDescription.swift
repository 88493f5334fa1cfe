public import EthereumABI
public import EthereumCore

/// A key contract as the client speaks to it: the functions and events to use, and the form of its messages.
///
/// The reference contract (`contracts-abi/ApiKeys.vy`) is built in; another one is described by its ABI and the names
/// of its functions and events.
public struct ContractDescription: Sendable {
    public let address: Address
    /// Creates one key; no arguments.
    public let create: ABIFunction
    /// Creates several; one integer argument. Nil where the contract has no batch.
    public let createMany: ABIFunction?
    /// Disables one key; one `bytes32` argument.
    public let disable: ABIFunction
    /// Disables several; one `bytes32[]` argument.
    public let disableMany: ABIFunction?
    /// `(owner, message)` to bool.
    public let status: ABIFunction
    public let created: ABIEvent
    public let disabled: ABIEvent
    /// The reference contract's whole interface; nil for others.
    public let reference: ApiKeysContract?
    /// The upper 24 bytes of every message of the reference contract; nil for others.
    public let messagePrefix: [UInt8]?

    /// The reference contract's `MAX_BATCH`.
    public static let referenceBatch = 128
    /// Status words of the reference contract in one call.
    public static let statusWordsPerCall: UInt64 = 1024

    /// The reference contract at `address` on the chain `chainID`.
    public static func reference(at address: Address, chainID: UInt64) throws -> ContractDescription {
        let binding = try ApiKeysContract()
        return ContractDescription(
            address: address, create: try binding.abi.function("createKey"),
            createMany: try binding.abi.function("createKeys"), disable: try binding.abi.function("disableKey"),
            disableMany: try binding.abi.function("disableKeys"), status: try binding.abi.function("isActive"),
            created: try binding.abi.event("KeyCreated"), disabled: try binding.abi.event("KeyDisabled"),
            reference: binding, messagePrefix: referencePrefix(chainID: chainID, address: address))
    }

    public init(
        address: Address, create: ABIFunction, createMany: ABIFunction?, disable: ABIFunction,
        disableMany: ABIFunction?,
        status: ABIFunction, created: ABIEvent, disabled: ABIEvent,
        reference: ApiKeysContract? = nil, messagePrefix: [UInt8]?
    ) {
        self.address = address
        self.create = create
        self.createMany = createMany
        self.disable = disable
        self.disableMany = disableMany
        self.status = status
        self.created = created
        self.disabled = disabled
        self.reference = reference
        self.messagePrefix = messagePrefix
    }

    /// The upper 192 bits of `keccak256(abi.encode(chain id, contract))`: a key of one deployment is worthless on another.
    static func referencePrefix(chainID: UInt64, address: Address) -> [UInt8] {
        let preimage = UInt256(chainID).bigEndianBytes + [UInt8](repeating: 0, count: 12) + address.bytes
        return Array(Keccak256.hash(preimage).bytes.prefix(24))
    }

    /// Whether a message has the form this contract's messages have. Nothing else is ever signed.
    public func accepts(_ message: Bytes32) -> Bool {
        guard let messagePrefix else { return message != .zero }
        let bytes = message.bytes
        return bytes.starts(with: messagePrefix) && bytes[24...].contains { $0 != 0 }
    }

    /// The message with the number `n`, from 1, of the reference contract.
    package func message(number n: UInt64) -> Bytes32? {
        guard let messagePrefix else { return nil }
        let tail = (0..<8).map { UInt8(truncatingIfNeeded: n >> UInt64(56 - 8 * $0)) }
        return try? Bytes32(bytes: messagePrefix + tail)
    }

    /// Topics that select the owner's events, as far as the events index the owner.
    package func eventTopics(of owner: Address) -> [[Bytes32]] {
        let kinds = [created.topic0, disabled.topic0]
        let isOwnerFirst = [created, disabled].allSatisfy { $0.inputs.first { $0.isIndexed }?.type == .address }
        return isOwnerFirst ? [kinds, [owner.word]] : [kinds]
    }

    public var maxCreateBatch: Int { createMany == nil ? 1 : Self.referenceBatch }
    public var maxDisableBatch: Int { disableMany == nil ? 1 : Self.referenceBatch }

    // MARK: - Calls

    /// Call data that creates `count` keys.
    public func encodeCreate(count: Int) throws -> [UInt8] {
        if count == 1 { return try create.encodeCall([]) }
        guard let createMany, count > 1, count <= maxCreateBatch else { throw ContractError.batchTooLarge(count) }
        return try createMany.encodeCall([.uint(UInt256(UInt64(count)))])
    }

    /// Call data that disables these keys.
    public func encodeDisable(_ messages: [Bytes32]) throws -> [UInt8] {
        if messages.count == 1, let only = messages.first { return try disable.encodeCall([.bytes32(only)]) }
        guard let disableMany, !messages.isEmpty, messages.count <= maxDisableBatch else {
            throw ContractError.batchTooLarge(messages.count)
        }
        return try disableMany.encodeCall([.bytes32Array(messages)])
    }

    /// Call data that appoints the revoker of the reference contract.
    public func encodeSetRevoker(_ revoker: Address) throws -> [UInt8] {
        guard let reference else { throw ContractError.unsuitable("it has no revoker") }
        return try reference.setRevoker(revoker).data
    }

    /// Call data with which the revoker disables keys of `owner`: always the batch, which passes over dead keys, so that
    /// doing it twice changes nothing.
    public func encodeDisable(_ messages: [Bytes32], for owner: Address) throws -> [UInt8] {
        guard let reference else { throw ContractError.unsuitable("it has no revoker") }
        guard !messages.isEmpty, messages.count <= Self.referenceBatch else {
            throw ContractError.batchTooLarge(messages.count)
        }
        return try reference.disableKeysFor(owner, messages).data
    }

    /// Call data that asks whether a key is active.
    public func encodeStatus(owner: Address, message: Bytes32) throws -> [UInt8] {
        try status.encodeCall([.address(owner), .bytes32(message)])
    }

    /// The answer to ``encodeStatus(owner:message:)``.
    public func decodeStatus(_ answer: [UInt8]) throws -> Bool {
        guard case .bool(let isActive)? = try status.decodeReturn(answer).first else {
            throw ContractError.unexpectedAnswer
        }
        return isActive
    }
}

/// What can be wrong between client and contract.
public enum ContractError: Error, Sendable, Equatable, CustomStringConvertible {
    case batchTooLarge(Int)
    case unexpectedAnswer
    case unsuitable(String)

    public var description: String {
        switch self {
        case .batchTooLarge(let count): "the contract can't take \(count) keys in one call"
        case .unexpectedAnswer: "the contract's answer has not the form its ABI promises"
        case .unsuitable(let why): "the contract's ABI does not fit: \(why)"
        }
    }
}
