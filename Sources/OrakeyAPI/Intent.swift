public import StrictJSON

/// The answer of create, rotate and revoke: 202 when accepted, 200 when done with `?wait=confirmed`.
public struct Accepted: Sendable, Equatable {
    /// Numbers of the intents the request gave rise to.
    public var intents: [UInt64]
    /// The keys concerned: created, newly current, or revoked.
    public var fingerprints: [String]

    public init(intents: [UInt64], fingerprints: [String]) {
        self.intents = intents
        self.fingerprints = fingerprints
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        intents = try reader.integers("intents")
        fingerprints = try reader.strings("fingerprints")
    }

    public var json: JSON {
        ["intents": .array(intents.map { JSON.of($0) }), "fingerprints": .array(fingerprints.map(JSON.string))]
    }
}

/// One transaction that was signed for an intent.
public struct Attempt: Sendable, Equatable {
    /// Transaction hash, 0x and 64 hex digits.
    public var hash: String
    /// Wei per gas, decimal: maxFeePerGas, or gasPrice on a chain without a base fee.
    public var maxFee: String
    /// Wei per gas, decimal: maxPriorityFeePerGas, or gasPrice on a chain without a base fee.
    public var tip: String
    /// Seconds since 1970 of the first broadcast; nil when signed and not sent yet.
    public var sentAt: UInt64?

    public init(hash: String, maxFee: String, tip: String, sentAt: UInt64?) {
        self.hash = hash
        self.maxFee = maxFee
        self.tip = tip
        self.sentAt = sentAt
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        hash = try reader.string("hash")
        maxFee = try reader.string("max_fee")
        tip = try reader.string("tip")
        sentAt = try reader.optionalInt("sent_at")
    }

    public var json: JSON {
        ["hash": .of(hash), "max_fee": .of(maxFee), "tip": .of(tip), "sent_at": .of(sentAt)]
    }
}

/// What an intent wants from the chain.
public enum IntentKind: String, Sendable, CaseIterable {
    case create, disable, deploy
    case setRevoker = "set_revoker"
}

/// How far an intent has come.
public enum IntentState: String, Sendable, CaseIterable {
    case planned, signed, broadcast, mined, confirmed, failed, cancelled

    /// Whether nothing more will happen.
    public var isFinal: Bool { self == .confirmed || self == .failed || self == .cancelled }
}

/// One row of the journal: something to be done on chain at most once, with every transaction tried for it.
public struct Intent: Sendable, Equatable {
    public var id: UInt64
    public var kind: IntentKind
    public var network: String
    public var state: IntentState
    /// nil while planned.
    public var nonce: UInt64?
    public var attempts: [Attempt]
    /// The block that holds it, once mined.
    public var block: UInt64?
    /// The messages it creates or disables, as far as known.
    public var messages: [String]
    public var error: String?

    public init(
        id: UInt64, kind: IntentKind, network: String, state: IntentState, nonce: UInt64?, attempts: [Attempt],
        block: UInt64?, messages: [String], error: String?
    ) {
        self.id = id
        self.kind = kind
        self.network = network
        self.state = state
        self.nonce = nonce
        self.attempts = attempts
        self.block = block
        self.messages = messages
        self.error = error
    }

    public init(json: JSON) throws(JSONError) {
        try self.init(JSONReader(json))
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        id = try reader.int("id")
        kind = try reader.choice("kind")
        network = try reader.string("network")
        state = try reader.choice("state")
        nonce = try reader.optionalInt("nonce")
        attempts = try reader.objects("attempts").map(Attempt.init)
        block = try reader.optionalInt("block")
        messages = try reader.strings("messages")
        error = try reader.optionalString("error")
    }

    public var json: JSON {
        [
            "id": .of(id), "kind": .of(kind.rawValue), "network": .of(network),
            "state": .of(state.rawValue), "nonce": .of(nonce), "attempts": .array(attempts.map(\.json)),
            "block": .of(block), "messages": .array(messages.map(JSON.string)), "error": .of(error),
        ]
    }
}

/// `GET /v1/intents?after=&limit=`, newest first.
public struct IntentList: Sendable, Equatable {
    public var intents: [Intent]
    /// The value of `after` for the next page; nil on the last one.
    public var next: String?

    public init(intents: [Intent], next: String?) {
        self.intents = intents
        self.next = next
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        intents = try reader.objects("intents").map(Intent.init)
        next = try reader.optionalString("next")
    }

    public var json: JSON {
        ["intents": .array(intents.map(\.json)), "next": .of(next)]
    }
}
