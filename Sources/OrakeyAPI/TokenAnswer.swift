public import StrictJSON

/// `POST /v1/token` of the agent socket: what takes the place of an API key on the proxy's loopback port.
public struct TokenAnswer: Sendable, Equatable {
    /// Stands for the consumer until it ends; useless anywhere else.
    public var token: String
    public var consumer: String
    public var network: String
    /// Seconds since 1970.
    public var expiresAt: Int64
    /// What OpenAI's clients take as `base_url`.
    public var baseURL: String

    public init(token: String, consumer: String, network: String, expiresAt: Int64, baseURL: String) {
        self.token = token
        self.consumer = consumer
        self.network = network
        self.expiresAt = expiresAt
        self.baseURL = baseURL
    }

    public init(json: JSON) throws(JSONError) {
        var reader = try JSONReader(json)
        token = try reader.string("token")
        consumer = try reader.string("consumer")
        network = try reader.string("network")
        expiresAt = try reader.int("expires_at")
        baseURL = try reader.string("base_url")
    }

    public var json: JSON {
        [
            "token": .of(token), "consumer": .of(consumer), "network": .of(network), "expires_at": .of(expiresAt),
            "base_url": .of(baseURL),
        ]
    }
}
