public import StrictJSON

/// `GET /v1/status` of the control socket. Answers are never cached.
public struct Status: Sendable, Equatable {
    public enum LockState: String, Sendable, CaseIterable {
        case unlocked, locked
    }

    public var version: String
    public var uptimeSeconds: UInt64
    public var state: LockState
    /// The address of the revoker's wallet, where one is open.
    public var revoker: String?
    public var networks: [NetworkStatus]
    public var consumers: [ConsumerStatus]

    public init(
        version: String, uptimeSeconds: UInt64, state: LockState, revoker: String? = nil, networks: [NetworkStatus],
        consumers: [ConsumerStatus]
    ) {
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.state = state
        self.revoker = revoker
        self.networks = networks
        self.consumers = consumers
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        version = try reader.string("version")
        uptimeSeconds = try reader.int("uptime_seconds")
        state = try reader.choice("state")
        revoker = try reader.optionalString("revoker")
        networks = try reader.objects("networks").map(NetworkStatus.init)
        consumers = try reader.objects("consumers").map(ConsumerStatus.init)
    }

    public var json: JSON {
        [
            "version": .of(version), "uptime_seconds": .of(uptimeSeconds), "state": .of(state.rawValue),
            "revoker": .of(revoker), "networks": .array(networks.map(\.json)),
            "consumers": .array(consumers.map(\.json)),
        ]
    }
}

/// One network of ``Status``. What is not known yet (before the first answer of an endpoint, while locked) is nil.
public struct NetworkStatus: Sendable, Equatable {
    public var network: String
    public var chainID: UInt64?
    public var contract: String?
    public var owner: String?
    /// Number of the newest block seen.
    public var head: UInt64?
    /// Seconds since that block's timestamp.
    public var headAgeSeconds: UInt64?
    /// Blocks between the head and the last block whose events are applied.
    public var lagBlocks: UInt64?
    /// Wei, decimal.
    public var balance: String?
    public var pool: PoolStatus
    public var pendingIntents: Int
    public var alarms: [Alarm]
    public var endpoints: [EndpointStatus]

    public init(
        network: String, chainID: UInt64?, contract: String?, owner: String?, head: UInt64?, headAgeSeconds: UInt64?,
        lagBlocks: UInt64?, balance: String?, pool: PoolStatus, pendingIntents: Int, alarms: [Alarm],
        endpoints: [EndpointStatus]
    ) {
        self.network = network
        self.chainID = chainID
        self.contract = contract
        self.owner = owner
        self.head = head
        self.headAgeSeconds = headAgeSeconds
        self.lagBlocks = lagBlocks
        self.balance = balance
        self.pool = pool
        self.pendingIntents = pendingIntents
        self.alarms = alarms
        self.endpoints = endpoints
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        network = try reader.string("network")
        chainID = try reader.optionalInt("chain_id")
        contract = try reader.optionalString("contract")
        owner = try reader.optionalString("owner")
        head = try reader.optionalInt("head")
        headAgeSeconds = try reader.optionalInt("head_age_seconds")
        lagBlocks = try reader.optionalInt("lag_blocks")
        balance = try reader.optionalString("balance")
        pool = try PoolStatus(reader.object("pool"))
        pendingIntents = try reader.int("pending_intents")
        alarms = try reader.objects("alarms").map(Alarm.init)
        endpoints = try reader.objects("endpoints").map(EndpointStatus.init)
    }

    var json: JSON {
        [
            "network": .of(network), "chain_id": .of(chainID), "contract": .of(contract),
            "owner": .of(owner), "head": .of(head), "head_age_seconds": .of(headAgeSeconds),
            "lag_blocks": .of(lagBlocks), "balance": .of(balance), "pool": pool.json,
            "pending_intents": .of(pendingIntents), "alarms": .array(alarms.map(\.json)),
            "endpoints": .array(endpoints.map(\.json)),
        ]
    }
}

/// Keys created and not handed to anyone yet.
public struct PoolStatus: Sendable, Equatable {
    public var ready: Int
    public var target: Int
    /// Keys whose create is on its way.
    public var pending: Int

    public init(ready: Int, target: Int, pending: Int) {
        self.ready = ready
        self.target = target
        self.pending = pending
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        ready = try reader.int("ready")
        target = try reader.int("target")
        pending = try reader.int("pending")
    }

    var json: JSON { ["ready": .of(ready), "target": .of(target), "pending": .of(pending)] }
}

/// Something an operator must look at.
public struct Alarm: Sendable, Equatable {
    public var code: String
    public var message: String
    /// Seconds since 1970; nil for what has stood from the start.
    public var since: UInt64?

    public init(code: String, message: String, since: UInt64?) {
        self.code = code
        self.message = message
        self.since = since
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        code = try reader.string("code")
        message = try reader.string("message")
        since = try reader.optionalInt("since")
    }

    var json: JSON { ["code": .of(code), "message": .of(message), "since": .of(since)] }
}

/// One JSON-RPC endpoint of a network.
public struct EndpointStatus: Sendable, Equatable {
    /// Without credentials, path and query.
    public var url: String
    public var healthy: Bool
    public var error: String?

    public init(url: String, healthy: Bool, error: String? = nil) {
        self.url = url
        self.healthy = healthy
        self.error = error
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        url = try reader.string("url")
        healthy = try reader.bool("healthy")
        error = try reader.optionalString("error")
    }

    var json: JSON {
        var object: JSONObject = ["url": .of(url), "healthy": .bool(healthy)]
        object.set("error", error)
        return .object(object)
    }
}

/// One consumer and the key it has now.
public struct ConsumerStatus: Sendable, Equatable {
    public var name: String
    public var network: String
    /// nil while the consumer has no key.
    public var generation: UInt64?
    public var fingerprint: String?

    public init(name: String, network: String, generation: UInt64?, fingerprint: String?) {
        self.name = name
        self.network = network
        self.generation = generation
        self.fingerprint = fingerprint
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        name = try reader.string("name")
        network = try reader.string("network")
        generation = try reader.optionalInt("generation")
        fingerprint = try reader.optionalString("fingerprint")
    }

    var json: JSON {
        [
            "name": .of(name), "network": .of(network), "generation": .of(generation),
            "fingerprint": .of(fingerprint),
        ]
    }
}

/// The answer of `POST /v1/lock` and `POST /v1/unlock`.
public struct LockAnswer: Sendable, Equatable {
    public var state: Status.LockState

    public init(state: Status.LockState) { self.state = state }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        state = try reader.choice("state")
    }

    public var json: JSON { ["state": .of(state.rawValue)] }
}
