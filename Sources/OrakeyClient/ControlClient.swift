public import OrakeyAPI
public import StrictJSON

/// An operator's view of the daemon: the control socket. Every call blocks the calling thread and takes a connection of
/// its own.
public struct ControlClient: Sendable {
    /// The socket this client connects to.
    public let path: String

    /// - Parameter path: a socket; nil takes `ORAKEY_CONTROL_SOCK`, else the user's socket, else the system one.
    public init(path: String? = nil) {
        self.path = path ?? DaemonSocket.control.clientPath
    }

    /// `GET /v1/status`: networks, pools, consumers, alarms.
    public func status() throws(ClientError) -> Status {
        try get("/v1/status").decode(Status.init(json:))
    }

    /// One page of the keys; pass ``KeyList/next`` as `after` to go on.
    public func keys(
        after: String? = nil, limit: Int? = nil, state: KeyState? = nil
    ) throws(ClientError) -> KeyList {
        try get("/v1/keys", [("after", after), ("limit", limit.map(String.init)), ("state", state?.rawValue)])
            .decode(KeyList.init(json:))
    }

    /// `POST /v1/keys`: creates keys for the pool.
    ///
    /// - Parameters:
    ///   - key: names the request; a repeat under the same name has no second effect.
    ///   - wait: how long the daemon may hold its answer back; nil not at all.
    public func create(
        _ request: CreateRequest, key: IdempotencyKey, wait: WaitTime? = nil
    ) throws(ClientError) -> ChangeProgress {
        try change("/v1/keys", request.json, key, wait)
    }

    /// `POST /v1/rotate`: makes the next key current. Parameters as for ``create(_:key:wait:)``.
    public func rotate(
        _ request: RotateRequest, key: IdempotencyKey, wait: WaitTime? = nil
    ) throws(ClientError) -> ChangeProgress {
        try change("/v1/rotate", request.json, key, wait)
    }

    /// `POST /v1/revoke`: disables keys for good. Parameters as for ``create(_:key:wait:)``.
    public func revoke(
        _ request: RevokeRequest, key: IdempotencyKey, wait: WaitTime? = nil
    ) throws(ClientError) -> ChangeProgress {
        try change("/v1/revoke", request.json, key, wait)
    }

    /// Revokes by the key string itself, sent from the caller's memory.
    ///
    /// - Parameter body: made with ``RevokeRequest/bodyAroundKey(reason:)`` around a well-formed key.
    public func revoke(
        body: UnsafeRawBufferPointer, key: IdempotencyKey, wait: WaitTime? = nil
    ) throws(ClientError) -> ChangeProgress {
        var call = changeCall("/v1/revoke", key, wait)
        call.headers.append(("Content-Type", "application/json"))
        return try ChangeProgress(call.send(to: path, body: body))
    }

    /// `POST /v1/revoker`: appoints or withdraws the revoker. Parameters as for ``create(_:key:wait:)``.
    public func setRevoker(
        _ request: RevokerRequest, key: IdempotencyKey, wait: WaitTime? = nil
    ) throws(ClientError) -> ChangeProgress {
        try change("/v1/revoker", request.json, key, wait)
    }

    /// `POST /v1/keys/adopt`: takes keys that this host did not create into the pool. A repeat adopts nothing more.
    ///
    /// - Returns: the fingerprints of the adopted keys.
    public func adopt(_ request: AdoptRequest) throws(ClientError) -> [String] {
        try Call(method: "POST", target: "/v1/keys/adopt").send(to: path, json: request.json).decode {
            (json) throws(JSONError) in
            var reader = try JSONReader(json)
            return try reader.strings("fingerprints")
        }
    }

    /// `POST /v1/alarms/acknowledge`: ends an alarm that tells of something that has happened.
    public func acknowledge(_ request: AcknowledgeRequest) throws(ClientError) {
        _ = try Call(method: "POST", target: "/v1/alarms/acknowledge").send(to: path, json: request.json)
    }

    /// `POST /v1/reload`: has the daemon read its configuration anew, all or nothing.
    public func reload() throws(ClientError) {
        _ = try Call(method: "POST", target: "/v1/reload").send(to: path)
    }

    /// `POST /v1/lock`: wipes the daemon's secrets.
    public func lock() throws(ClientError) -> LockAnswer {
        try Call(method: "POST", target: "/v1/lock").send(to: path).decode(LockAnswer.init(json:))
    }

    /// Unlocks with a passphrase in memory of the caller's. The daemon's scrypt takes about a second of this call.
    public func unlock(passphrase: UnsafeRawBufferPointer) throws(ClientError) -> LockAnswer {
        try Call(
            method: "POST", target: "/v1/unlock", headers: [("Content-Type", "application/octet-stream")],
            timeoutMilliseconds: 120_000
        ).send(to: path, body: passphrase).decode(LockAnswer.init(json:))
    }

    /// One page of the journal, newest first.
    public func intents(after: String? = nil, limit: Int? = nil) throws(ClientError) -> IntentList {
        try get("/v1/intents", [("after", after), ("limit", limit.map(String.init))]).decode(IntentList.init(json:))
    }

    /// `GET /v1/intents/{id}`: one intent with every transaction tried for it.
    public func intent(_ id: UInt64) throws(ClientError) -> Intent {
        try get("/v1/intents/\(id)").decode(Intent.init(json:))
    }

    /// `POST /v1/intents/{id}/speedup`: offers more for the intent's transaction.
    public func speedUp(_ id: UInt64) throws(ClientError) -> Intent {
        try Call(method: "POST", target: "/v1/intents/\(id)/speedup").send(to: path).decode(Intent.init(json:))
    }

    /// `POST /v1/intents/{id}/cancel`: replaces the intent's transaction by one that does nothing.
    public func cancel(_ id: UInt64) throws(ClientError) -> Intent {
        try Call(method: "POST", target: "/v1/intents/\(id)/cancel").send(to: path).decode(Intent.init(json:))
    }

    /// Answers as the daemon sent them, for programs that print JSON: nothing that this version does not know is lost.
    public func json(_ path: String, _ query: [(String, String?)] = []) throws(ClientError) -> JSON {
        try get(path, query).decode { (json) throws(JSONError) in json }
    }

    private func get(_ path: String, _ query: [(String, String?)] = []) throws(ClientError) -> Answer {
        try Call(target: target(path, query)).send(to: self.path)
    }

    private func change(
        _ path: String, _ body: JSON, _ key: IdempotencyKey, _ wait: WaitTime?
    ) throws(ClientError) -> ChangeProgress {
        try ChangeProgress(changeCall(path, key, wait).send(to: self.path, json: body))
    }

    private func changeCall(_ path: String, _ key: IdempotencyKey, _ wait: WaitTime?) -> Call {
        var call = Call(method: "POST", target: path, headers: [("Idempotency-Key", key.text)])
        if let wait {
            call.target = target(path, [("wait", "confirmed"), ("timeout", String(wait.seconds))])
            call.timeoutMilliseconds += wait.seconds * 1000
        }
        return call
    }
}

/// Names one change, so that a call whose answer was lost can be repeated without a second effect.
public struct IdempotencyKey: Sendable, Hashable {
    /// The header's value.
    public let text: String

    /// A fresh, random name.
    public init() {
        var generator = SystemRandomNumberGenerator()
        text = "orakey-" + String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    }
}

/// How long the daemon may hold an answer back until the chain has confirmed the change.
public struct WaitTime: Sendable {
    /// Seconds, 0 and more.
    public let seconds: Int

    /// A wait of this many seconds.
    public init(seconds: Int) { self.seconds = max(0, seconds) }
}

/// Where a change is.
public struct ChangeProgress: Sendable, Equatable {
    /// The intents it gave rise to, and the keys concerned.
    public let accepted: Accepted
    /// Whether the chain has confirmed everything.
    public let isDone: Bool

    init(_ answer: Answer) throws(ClientError) {
        accepted = try answer.decode(Accepted.init(json:))
        isDone = answer.status == 200
    }
}
