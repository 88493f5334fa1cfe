public import StrictJSON

/// Most keys that one request may ask for; the daemon splits them over as many transactions as the contract needs.
public let maximumKeysPerRequest = 1024
/// Longest reason of a revocation, in UTF-8 bytes.
public let maximumReasonBytes = 256

/// `POST /v1/keys`: create keys for the pool.
public struct CreateRequest: Sendable, Equatable {
    /// May be left out where the daemon has one network only.
    public var network: String?
    /// 1 to ``maximumKeysPerRequest``.
    public var count: Int

    public init(network: String?, count: Int) {
        self.network = network
        self.count = count
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        network = try reader.optionalString("network")
        count = try reader.optionalInt("count", in: 1...maximumKeysPerRequest) ?? 1
        try reader.finish()
    }

    public var json: JSON {
        var object: JSONObject = ["count": .of(count)]
        object.set("network", network)
        return .object(object)
    }
}

/// `POST /v1/rotate`: the next key becomes current. Without selectors all consumers rotate.
public struct RotateRequest: Sendable, Equatable {
    public var consumer: String?
    public var network: String?
    /// How long the old key stays valid, as long as the configuration allows for a `grace`; without it the consumer's own.
    public var graceSeconds: Int?

    public init(consumer: String? = nil, network: String? = nil, graceSeconds: Int? = nil) {
        self.consumer = consumer
        self.network = network
        self.graceSeconds = graceSeconds
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        consumer = try reader.optionalString("consumer")
        network = try reader.optionalString("network")
        graceSeconds = try reader.optionalInt("grace_seconds", in: 0...Int.max)
        try reader.finish()
    }

    public var json: JSON {
        var object: JSONObject = [:]
        object.set("consumer", consumer)
        object.set("network", network)
        if let graceSeconds { object["grace_seconds"] = .of(graceSeconds) }
        return .object(object)
    }
}

/// `POST /v1/revoke`: exactly one selector, on one network or on all, and why.
public struct RevokeRequest: Sendable, Equatable {
    public enum Selector: Sendable, Equatable {
        /// The key string itself. Its descriptions redact it; the caller parses it and forgets it.
        case key(LeakedKey)
        /// 0x and 64 hex digits.
        case message(String)
        case fingerprint(String)
        /// Every key of the consumer that is not dead yet.
        case consumer(String)
        /// Every key of every consumer, the pool included.
        case all
    }

    public var selector: Selector
    /// Narrows the selector to one network. A message that keys of several networks have needs it; a key names its own.
    public var network: String?
    public var reason: String?

    public init(_ selector: Selector, network: String? = nil, reason: String? = nil) {
        self.selector = selector
        self.network = network
        self.reason = reason
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        var found: [Selector] = []
        if let key = try reader.optionalString("key") { found.append(.key(LeakedKey(key))) }
        if let message = try reader.optionalString("message") { found.append(.message(message)) }
        if let fingerprint = try reader.optionalString("fingerprint") { found.append(.fingerprint(fingerprint)) }
        if let consumer = try reader.optionalString("consumer") { found.append(.consumer(consumer)) }
        if let all = try reader.optionalBool("all") {
            guard all else { throw reader.invalid("all", "must be true or absent") }
            found.append(.all)
        }
        network = try reader.optionalString("network")
        reason = try reader.optionalString("reason")
        if let reason, reason.utf8.count > maximumReasonBytes {
            throw reader.invalid("reason", "is longer than \(maximumReasonBytes) bytes")
        }
        try reader.finish()
        guard found.count == 1, let only = found.first else {
            throw reader.invalid("", "exactly one of key, message, fingerprint, consumer and all is needed")
        }
        selector = only
    }

    public var json: JSON {
        var object: JSONObject = [:]
        switch selector {
        case .key(let key): object["key"] = .of(key.text)
        case .message(let message): object["message"] = .of(message)
        case .fingerprint(let fingerprint): object["fingerprint"] = .of(fingerprint)
        case .consumer(let consumer): object["consumer"] = .of(consumer)
        case .all: object["all"] = true
        }
        object.set("network", network)
        object.set("reason", reason)
        return .object(object)
    }

    /// The body of a revocation by key in two halves, the key's characters to be put between them, so that a client can
    /// send it from secret memory.
    public static func bodyAroundKey(reason: String?) -> (before: [UInt8], after: [UInt8]) {
        var object: JSONObject = [:]
        object.set("reason", reason)
        let rest = JSON.object(object).serialize().dropFirst()
        return (Array(#"{"key":""#.utf8), Array((reason == nil ? #"""# : #"","#).utf8) + rest)
    }
}

/// `POST /v1/keys/adopt`: take keys that this host did not create into the pool. By fingerprint, by message, or all.
public struct AdoptRequest: Sendable, Equatable {
    public var selector: RevokeRequest.Selector
    /// Narrows the selector to one network. A message that keys of several networks have needs it.
    public var network: String?

    public init(_ selector: RevokeRequest.Selector, network: String? = nil) {
        self.selector = selector
        self.network = network
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        var found: [RevokeRequest.Selector] = []
        if let message = try reader.optionalString("message") { found.append(.message(message)) }
        if let fingerprint = try reader.optionalString("fingerprint") { found.append(.fingerprint(fingerprint)) }
        if let all = try reader.optionalBool("all") {
            guard all else { throw reader.invalid("all", "must be true or absent") }
            found.append(.all)
        }
        network = try reader.optionalString("network")
        try reader.finish()
        guard found.count == 1, let only = found.first else {
            throw reader.invalid("", "exactly one of message, fingerprint and all is needed")
        }
        selector = only
    }

    public var json: JSON {
        var object: JSONObject = [:]
        switch selector {
        case .message(let message): object["message"] = .of(message)
        case .fingerprint(let fingerprint): object["fingerprint"] = .of(fingerprint)
        case .all, .key, .consumer: object["all"] = true
        }
        object.set("network", network)
        return .object(object)
    }
}

/// A key that somebody wants dead, kept out of every description.
public struct LeakedKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { "LeakedKey(redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// `POST /v1/revoker`: who may disable this wallet's keys. Without an address (null) the appointment is withdrawn.
public struct RevokerRequest: Sendable, Equatable {
    public var network: String?
    public var address: String?

    public init(network: String?, address: String?) {
        self.network = network
        self.address = address
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        network = try reader.optionalString("network")
        _ = try reader.value("address")
        address = try reader.optionalString("address")
        try reader.finish()
    }

    public var json: JSON {
        var object: JSONObject = ["address": .of(address)]
        object.set("network", network)
        return .object(object)
    }
}
