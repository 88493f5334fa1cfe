public import StrictJSON

/// What `GET /v1/key` says about the key it hands out, apart from the key itself.
public struct KeyDetails: Sendable, Equatable {
    public var network: String
    /// The wallet address that signs, EIP-55.
    public var owner: String
    /// 0x and 64 hex digits.
    public var message: String
    public var fingerprint: String
    public var consumer: String
    /// Grows by one whenever the consumer's current key changes.
    public var generation: UInt64
    /// The block that created the key.
    public var createdBlock: UInt64?
    /// Seconds since 1970 after which the key will have been rotated away; nil when no rotation is scheduled.
    public var notAfter: UInt64?

    public init(
        network: String, owner: String, message: String, fingerprint: String, consumer: String, generation: UInt64,
        createdBlock: UInt64?, notAfter: UInt64?
    ) {
        self.network = network
        self.owner = owner
        self.message = message
        self.fingerprint = fingerprint
        self.consumer = consumer
        self.generation = generation
        self.createdBlock = createdBlock
        self.notAfter = notAfter
    }

    fileprivate var fields: JSONObject {
        [
            "network": .of(network), "owner": .of(owner), "message": .of(message),
            "fingerprint": .of(fingerprint), "consumer": .of(consumer), "generation": .of(generation),
            "created_block": .of(createdBlock), "not_after": .of(notAfter),
        ]
    }

    /// The JSON body of `GET /v1/key` in two halves, with the key's characters to be put between them. A key needs no
    /// escaping, so that the server can write it from secret memory without a String in between.
    public var bodyAroundKey: (before: [UInt8], after: [UInt8]) {
        // The object's own opening brace gives way to the key.
        let rest = JSON.object(fields).serialize().dropFirst()
        return (Array(#"{"key":""#.utf8), Array(#"","#.utf8) + rest)
    }
}

/// The answer of `GET /v1/key` as a client reads it. The only wire type that holds a key; its descriptions do not.
public struct KeyAnswer: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var key: String
    public var details: KeyDetails

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        key = try reader.string("key")
        details = KeyDetails(
            network: try reader.string("network"), owner: try reader.string("owner"),
            message: try reader.string("message"), fingerprint: try reader.string("fingerprint"),
            consumer: try reader.string("consumer"), generation: try reader.int("generation"),
            createdBlock: try reader.optionalInt("created_block"),
            notAfter: try reader.optionalInt("not_after"))
    }

    public var description: String { "KeyAnswer(\(details.fingerprint))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["fingerprint": details.fingerprint]) }
}

/// `GET /v1/health`: 200 `{"status":"ok"}`, or 503 with the code as `status` and the usual error beside it.
public struct Health: Sendable, Equatable {
    /// `ok`, or the code of ``error``: `locked`, `no_key`, `chain_stale`.
    public var status: String
    public var error: ErrorBody?

    public static let ok = Health(status: "ok", error: nil)

    private init(status: String, error: ErrorBody?) {
        self.status = status
        self.error = error
    }

    public init(_ error: ErrorBody) {
        self.init(status: error.codeText, error: error)
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        status = try reader.string("status")
        error = status == "ok" ? nil : try ErrorBody(json: json)
    }

    public var httpStatus: Int { error == nil ? 200 : 503 }

    public var json: JSON {
        var object: JSONObject = ["status": .of(status)]
        if let error, case .object(let inner) = error.json { object["error"] = inner["error"] }
        return .object(object)
    }
}

/// Data of the `revoked` event of `GET /v1/watch`: the key must no longer be used, and nothing replaces it yet.
public struct RevokedEvent: Sendable, Equatable {
    public var network: String
    public var consumer: String
    public var message: String
    public var fingerprint: String

    public init(network: String, consumer: String, message: String, fingerprint: String) {
        self.network = network
        self.consumer = consumer
        self.message = message
        self.fingerprint = fingerprint
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        network = try reader.string("network")
        consumer = try reader.string("consumer")
        message = try reader.string("message")
        fingerprint = try reader.string("fingerprint")
    }

    public var json: JSON {
        [
            "network": .of(network), "consumer": .of(consumer), "message": .of(message),
            "fingerprint": .of(fingerprint),
        ]
    }
}
