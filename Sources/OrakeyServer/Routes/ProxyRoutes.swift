import NIOHTTP1
import OrakeyAPI
public import OrakeyCore
public import OrakeyProxy
import StrictJSON

/// What the sockets need of the proxy, where there is one.
public struct ProxyContext: Sendable {
    public let usage: UsageBook
    public let tokens: TokenMint
    /// The loopback port, where one is open.
    public let port: UInt16?
    public let startedAt: Timestamp
    public let clock: any WallClock

    public init(usage: UsageBook, tokens: TokenMint, port: UInt16?, startedAt: Timestamp, clock: any WallClock) {
        self.usage = usage
        self.tokens = tokens
        self.port = port
        self.startedAt = startedAt
        self.clock = clock
    }
}

extension AgentRouter {
    /// A token for the consumer that policy grants to the caller, as it would grant its key.
    func token(_ exchange: Exchange) throws -> Answer {
        let life = try exchange.integer("ttl", in: 1...TokenMint.longestLife) ?? TokenMint.usualLife
        // Before the decision: a reload in between makes a token that is worth nothing.
        let policy = policy.current
        let (consumer, network) = try authorise(exchange, allowing: "ttl")
        guard let proxy, let port = proxy.port else {
            throw Refusal(
                .noProxy, "the proxy has no loopback port, and its socket needs no token",
                hint: "an operator can open one: proxy: { port: ... } in orakeyd.yaml")
        }
        let end = proxy.clock.now.adding(seconds: life)
        guard let rule = policy.rule(of: consumer, network: network) else {
            throw Refusal(.forbidden, "the configuration was reloaded meanwhile", hint: "try again")
        }
        let holder = TokenHolder(name: ConsumerName(consumer: consumer, network: network), rule: rule)
        let token = proxy.tokens.token(for: holder, until: end)
        return .json(
            .ok,
            TokenAnswer(
                token: token, consumer: consumer, network: network, expiresAt: end.milliseconds / 1000,
                baseURL: "http://127.0.0.1:\(port)/v1"
            ).json)
    }
}

extension ControlRouter {
    /// Exchanges of one answer unless told otherwise.
    private static let usualExchanges: Int64 = 100

    func usage(_ exchange: Exchange) throws -> Answer {
        try exchange.allowQuery()
        let proxy = try requireProxy()
        return .json(
            .ok,
            UsageReport(since: proxy.startedAt.milliseconds / 1000, usage: proxy.usage.rows.map(Wire.usage)).json)
    }

    func exchanges(_ exchange: Exchange) throws -> Answer {
        try exchange.allowQuery("limit")
        let limit = try exchange.integer("limit", in: 1...1000) ?? Self.usualExchanges
        let list = try requireProxy().usage.exchanges(Int(limit)).map { Wire.exchange($0).json }
        return .json(.ok, ["exchanges": .array(list)])
    }

    private func requireProxy() throws -> ProxyContext {
        guard let proxy else {
            throw Refusal(.noProxy, "there is no proxy", hint: "proxy: in orakeyd.yaml switches it on")
        }
        return proxy
    }
}

extension Wire {
    static func usage(_ key: UsageKey, _ row: UsageRow) -> UsageEntry {
        UsageEntry(
            consumer: key.consumer, network: key.network, model: key.model, fingerprint: key.fingerprint,
            requests: row.requests,
            statuses: Dictionary(uniqueKeysWithValues: row.statuses.map { (String($0.key), $0.value) }),
            promptTokens: row.promptTokens, completionTokens: row.completionTokens, bytesUp: row.bytesUp,
            bytesDown: row.bytesDown, milliseconds: row.milliseconds, firstByteMilliseconds: row.firstByteMilliseconds)
    }

    static func exchange(_ record: ExchangeRecord) -> ExchangeInfo {
        ExchangeInfo(
            time: record.time / 1000, consumer: record.key.consumer, network: record.key.network,
            model: record.key.model, fingerprint: record.key.fingerprint, status: record.status,
            promptTokens: record.promptTokens, completionTokens: record.completionTokens,
            milliseconds: record.milliseconds, requestHash: record.requestHash, responseHash: record.responseHash,
            hashes: record.check.rawValue)
    }
}
