/// What usage is counted by.
public struct UsageKey: Sendable, Hashable {
    public let consumer: String
    public let network: String
    /// As the request or the answer names it; `-` where neither does.
    public let model: String
    /// Of the key that was on the request.
    public let fingerprint: String

    public init(consumer: String, network: String, model: String, fingerprint: String) {
        self.consumer = consumer
        self.network = network
        self.model = model
        self.fingerprint = fingerprint
    }
}

/// What was used under one key.
public struct UsageRow: Sendable, Equatable {
    public var requests: UInt64 = 0
    /// Requests by the status of their answers; 0 for those that broke off.
    public var statuses: [Int: UInt64] = [:]
    public var promptTokens: UInt64 = 0
    public var completionTokens: UInt64 = 0
    /// Bytes of bodies sent up and down.
    public var bytesUp: UInt64 = 0
    public var bytesDown: UInt64 = 0
    /// From the request's head to the last byte of its answer, in milliseconds, added up; and to the first byte.
    public var milliseconds: UInt64 = 0
    public var firstByteMilliseconds: UInt64 = 0
}

/// One exchange, as it is remembered: what a bill can be checked by. Nothing of a body is in it but hashes.
public struct ExchangeRecord: Sendable, Equatable {
    public var key: UsageKey
    /// Milliseconds since 1970.
    public var time: Int64
    public var status: Int
    public var promptTokens: UInt64
    public var completionTokens: UInt64
    public var bytesUp: UInt64
    public var bytesDown: UInt64
    public var milliseconds: UInt64
    public var firstByteMilliseconds: UInt64
    /// SHA-256 of the request's body as sent, in hex.
    public var requestHash: String
    /// The answer's hash as the provider gave it, and as it was found here.
    public var responseHash: String?
    public var check: HashCheck
}

/// Whether the hashes that an answer carries are those of what was sent and received.
public enum HashCheck: String, Sendable {
    /// The answer carries none.
    case absent
    case match
    case mismatch
    /// In a scheme that is not known here, or too large an answer.
    case unchecked
}
