public import StrictJSON

/// `GET /v1/usage` of the control socket: what went through the proxy since the service started.
public struct UsageReport: Sendable, Equatable {
    /// Seconds since 1970.
    public var since: Int64
    public var usage: [UsageEntry]

    public init(since: Int64, usage: [UsageEntry]) {
        self.since = since
        self.usage = usage
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        since = try reader.int("since")
        usage = try reader.objects("usage").map(UsageEntry.init)
    }

    public var json: JSON { ["since": .of(since), "usage": .array(usage.map(\.json))] }
}

/// Usage of one consumer with one model under one key.
public struct UsageEntry: Sendable, Equatable {
    public var consumer: String
    public var network: String
    /// `-` where neither request nor answer names one.
    public var model: String
    public var fingerprint: String
    public var requests: UInt64
    /// Requests by status; `0` for those whose answer broke off.
    public var statuses: [String: UInt64]
    public var promptTokens: UInt64
    public var completionTokens: UInt64
    public var bytesUp: UInt64
    public var bytesDown: UInt64
    /// All requests together, to the last and to the first byte of the answer.
    public var milliseconds: UInt64
    public var firstByteMilliseconds: UInt64

    public init(
        consumer: String, network: String, model: String, fingerprint: String, requests: UInt64,
        statuses: [String: UInt64], promptTokens: UInt64, completionTokens: UInt64, bytesUp: UInt64, bytesDown: UInt64,
        milliseconds: UInt64, firstByteMilliseconds: UInt64
    ) {
        self.consumer = consumer
        self.network = network
        self.model = model
        self.fingerprint = fingerprint
        self.requests = requests
        self.statuses = statuses
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.milliseconds = milliseconds
        self.firstByteMilliseconds = firstByteMilliseconds
    }

    init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        consumer = try reader.string("consumer")
        network = try reader.string("network")
        model = try reader.string("model")
        fingerprint = try reader.string("fingerprint")
        requests = try reader.int("requests")
        statuses = [:]
        let counts = try reader.value("statuses")
        for (name, value) in counts.objectValue ?? [:] {
            guard let count = value.numberValue?.integer(UInt64.self) else {
                throw reader.invalid("statuses.\(name)", "expected a whole number")
            }
            statuses[name] = count
        }
        promptTokens = try reader.int("prompt_tokens")
        completionTokens = try reader.int("completion_tokens")
        bytesUp = try reader.int("bytes_up")
        bytesDown = try reader.int("bytes_down")
        milliseconds = try reader.int("milliseconds")
        firstByteMilliseconds = try reader.int("first_byte_milliseconds")
    }

    public var json: JSON {
        let counts = statuses.sorted { $0.key < $1.key }.map { ($0.key, JSON.of($0.value)) }
        return [
            "consumer": .of(consumer), "network": .of(network), "model": .of(model), "fingerprint": .of(fingerprint),
            "requests": .of(requests), "statuses": .object(JSONObject(counts)), "prompt_tokens": .of(promptTokens),
            "completion_tokens": .of(completionTokens), "bytes_up": .of(bytesUp), "bytes_down": .of(bytesDown),
            "milliseconds": .of(milliseconds), "first_byte_milliseconds": .of(firstByteMilliseconds),
        ]
    }
}

/// One exchange of `GET /v1/usage/exchanges`. Nothing of a body is in it but hashes.
public struct ExchangeInfo: Sendable, Equatable {
    public var time: Int64
    public var consumer: String
    public var network: String
    public var model: String
    public var fingerprint: String
    /// 0 where the answer broke off.
    public var status: Int
    public var promptTokens: UInt64
    public var completionTokens: UInt64
    public var milliseconds: UInt64
    /// SHA-256 of the request's body, in hex.
    public var requestHash: String
    public var responseHash: String?
    /// Whether the answer's own hashes are right: `match`, `mismatch`, `absent` or `unchecked`.
    public var hashes: String

    public init(
        time: Int64, consumer: String, network: String, model: String, fingerprint: String, status: Int,
        promptTokens: UInt64, completionTokens: UInt64, milliseconds: UInt64, requestHash: String,
        responseHash: String?, hashes: String
    ) {
        self.time = time
        self.consumer = consumer
        self.network = network
        self.model = model
        self.fingerprint = fingerprint
        self.status = status
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.milliseconds = milliseconds
        self.requestHash = requestHash
        self.responseHash = responseHash
        self.hashes = hashes
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        time = try reader.int("time")
        consumer = try reader.string("consumer")
        network = try reader.string("network")
        model = try reader.string("model")
        fingerprint = try reader.string("fingerprint")
        status = try reader.int("status")
        promptTokens = try reader.int("prompt_tokens")
        completionTokens = try reader.int("completion_tokens")
        milliseconds = try reader.int("milliseconds")
        requestHash = try reader.string("request_hash")
        responseHash = try reader.optionalString("response_hash")
        hashes = try reader.string("hashes")
    }

    public var json: JSON {
        [
            "time": .of(time), "consumer": .of(consumer), "network": .of(network), "model": .of(model),
            "fingerprint": .of(fingerprint), "status": .of(status), "prompt_tokens": .of(promptTokens),
            "completion_tokens": .of(completionTokens), "milliseconds": .of(milliseconds),
            "request_hash": .of(requestHash), "response_hash": .of(responseHash), "hashes": .of(hashes),
        ]
    }
}
