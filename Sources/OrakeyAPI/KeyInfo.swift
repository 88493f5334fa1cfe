public import StrictJSON

/// Where a key is in its life.
public enum KeyState: String, Sendable, CaseIterable {
    /// Its create is on its way.
    case pending
    /// Created and not yet handed to anyone.
    case pooled
    /// Being handed out.
    case current
    /// Replaced, still valid for its grace period.
    case retiring
    /// Its disable is on its way; no longer handed out.
    case disabling
    /// Dead on chain, for good.
    case disabled
    /// Its create was reorganised away.
    case orphaned
    /// Created by another host on the same wallet.
    case foreign
    /// Rebuilt from the chain without this host's history.
    case recovered
}

/// One row of `GET /v1/keys`. Never the key itself.
public struct KeyInfo: Sendable, Equatable {
    /// Unknown until the wallet has been unlocked once since the key was seen.
    public var fingerprint: String?
    public var network: String
    public var owner: String
    /// Unknown while the create of a foreign kind of contract is pending.
    public var message: String?
    public var consumer: String?
    public var state: KeyState
    /// The generation the key had, or has, as its consumer's current key.
    public var generation: UInt64?
    public var createdBlock: UInt64?
    public var createdTransaction: String?
    public var disabledBlock: UInt64?
    public var disabledTransaction: String?
    /// Why it was revoked, as the operator gave it.
    public var reason: String?

    public init(
        fingerprint: String?, network: String, owner: String, message: String?, consumer: String?, state: KeyState,
        generation: UInt64?, createdBlock: UInt64?, createdTransaction: String?, disabledBlock: UInt64?,
        disabledTransaction: String?, reason: String?
    ) {
        self.fingerprint = fingerprint
        self.network = network
        self.owner = owner
        self.message = message
        self.consumer = consumer
        self.state = state
        self.generation = generation
        self.createdBlock = createdBlock
        self.createdTransaction = createdTransaction
        self.disabledBlock = disabledBlock
        self.disabledTransaction = disabledTransaction
        self.reason = reason
    }

    public init(json: JSON) throws(JSONError) {
        try self.init(JSONReader(json))
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        fingerprint = try reader.optionalString("fingerprint")
        network = try reader.string("network")
        owner = try reader.string("owner")
        message = try reader.optionalString("message")
        consumer = try reader.optionalString("consumer")
        state = try reader.choice("state")
        generation = try reader.optionalInt("generation")
        createdBlock = try reader.optionalInt("created_block")
        createdTransaction = try reader.optionalString("created_tx")
        disabledBlock = try reader.optionalInt("disabled_block")
        disabledTransaction = try reader.optionalString("disabled_tx")
        reason = try reader.optionalString("reason")
    }

    public var json: JSON {
        [
            "fingerprint": .of(fingerprint), "network": .of(network), "owner": .of(owner),
            "message": .of(message), "consumer": .of(consumer), "state": .of(state.rawValue),
            "generation": .of(generation), "created_block": .of(createdBlock),
            "created_tx": .of(createdTransaction), "disabled_block": .of(disabledBlock),
            "disabled_tx": .of(disabledTransaction), "reason": .of(reason),
        ]
    }
}

/// `GET /v1/keys?after=&limit=&state=`.
public struct KeyList: Sendable, Equatable {
    public var keys: [KeyInfo]
    /// The value of `after` for the next page; nil on the last one.
    public var next: String?

    public init(keys: [KeyInfo], next: String?) {
        self.keys = keys
        self.next = next
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        keys = try reader.objects("keys").map(KeyInfo.init)
        next = try reader.optionalString("next")
    }

    public var json: JSON {
        ["keys": .array(keys.map(\.json)), "next": .of(next)]
    }
}
