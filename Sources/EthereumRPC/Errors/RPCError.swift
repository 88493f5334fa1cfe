/// Why a JSON-RPC request has no usable result.
public struct RPCError: Error, Sendable, Equatable {
    /// The kind of failure.
    public enum Kind: Sendable, Equatable {
        /// No exchange: no such host, nothing listening, TLS, connection lost. The text holds no credentials.
        case transport(String)
        /// A deadline passed.
        case timeout(String)
        /// An HTTP status other than 200 whose body is no JSON-RPC answer.
        case http(status: Int)
        /// Too many requests; the endpoint may say for how long to stay away.
        case rateLimited(retryAfter: Duration?)
        /// The endpoint answered with a JSON-RPC error (§5.1 of the specification). `data` is what a reverted call
        /// returned.
        case server(code: Int, message: String, data: [UInt8]?, class: RPCErrorClass)
        /// The answer is not JSON-RPC 2.0, not to this request, or not of the method's type.
        case invalidAnswer(String)
        /// The endpoint serves another chain.
        case wrongChain(expected: UInt64, found: UInt64)
        /// Too few endpoints agree.
        case noQuorum(needed: Int, agreed: Int, asked: Int)
        /// No endpoint is configured, or its address cannot be used.
        case noEndpoint(String)
        /// The task was cancelled.
        case cancelled
    }

    /// The kind of failure.
    public let kind: Kind
    /// Whether the request may have changed anything nevertheless. Always false for reads; true for a broadcast whose
    /// fate is unknown or which the endpoint says it already had.
    public let mayHaveTakenEffect: Bool
    /// Scheme, host and port of the endpoint; nil where none was asked.
    public let endpoint: String?
    /// How long the endpoint asked to be left alone (`Retry-After`).
    public let retryAfter: Duration?

    /// A failure of this kind.
    public init(_ kind: Kind, mayHaveTakenEffect: Bool = false, endpoint: String? = nil, retryAfter: Duration? = nil) {
        self.kind = kind
        self.mayHaveTakenEffect = mayHaveTakenEffect
        self.endpoint = endpoint
        if case .rateLimited(let duration) = kind {
            self.retryAfter = retryAfter ?? duration
        } else {
            self.retryAfter = retryAfter
        }
    }

    /// The class of a JSON-RPC error; nil for every other failure.
    public var serverClass: RPCErrorClass? {
        if case .server(_, _, _, let found) = kind { found } else { nil }
    }

    /// What a reverted call returned; nil for every other failure.
    public var revertData: [UInt8]? {
        if case .server(_, _, let data, .reverted) = kind { data ?? [] } else { nil }
    }

    func with(mayHaveTakenEffect: Bool) -> RPCError {
        RPCError(kind, mayHaveTakenEffect: mayHaveTakenEffect, endpoint: endpoint, retryAfter: retryAfter)
    }

    func at(_ endpoint: String) -> RPCError {
        RPCError(kind, mayHaveTakenEffect: mayHaveTakenEffect, endpoint: endpoint, retryAfter: retryAfter)
    }
}

extension RPCError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        let what: String =
            switch kind {
            case .transport(let reason), .timeout(let reason), .noEndpoint(let reason): reason
            case .http(let status):
                "the endpoint answered with HTTP status \(status)"
                    + ((300..<400).contains(status) ? "; redirects are not followed" : "")
            case .rateLimited(let after): "too many requests" + (after.map { "; asks to wait \($0)" } ?? "")
            case .server(let code, let message, _, _): "\(message) (code \(code))"
            case .invalidAnswer(let reason): "unusable answer: \(reason)"
            case .wrongChain(let expected, let found):
                "the endpoint serves chain \(found) where chain \(expected) is configured"
            case .noQuorum(let needed, let agreed, let asked):
                "\(needed) of \(asked) endpoints have to agree, and \(agreed) do"
            case .cancelled: "cancelled"
            }
        // Transport errors name the address already.
        guard let endpoint, !what.contains(endpoint) else { return what }
        return "\(endpoint): \(what)"
    }
}

extension RPCError {
    /// Whether asking again, here or elsewhere, may help. About reads only.
    var isRetryable: Bool {
        switch kind {
        case .transport, .timeout, .rateLimited, .invalidAnswer, .wrongChain: true
        case .http(let status):
            // What one endpoint redirects, bills or forbids, the next may answer.
            status != 200
        case .server(_, _, _, let found): found.isRetryable
        case .noQuorum: true
        case .noEndpoint, .cancelled: false
        }
    }

    /// Whether a broadcast that ended in this was refused for certain, so that it may go to another endpoint.
    var isDefinitelyNotDelivered: Bool {
        switch kind {
        case .transport, .timeout: !mayHaveTakenEffect
        case .wrongChain, .rateLimited: true
        case .http(let status): (300..<500).contains(status) && status != 408 && status != 409
        case .server(_, _, _, let found): found == .rateLimited || found == .methodNotFound
        case .invalidAnswer, .noEndpoint, .cancelled, .noQuorum: false
        }
    }

    /// Whether the failure speaks against the endpoint rather than the request.
    var isEndpointFault: Bool {
        switch kind {
        case .transport, .timeout, .http, .invalidAnswer, .wrongChain: true
        case .server(_, _, _, let found): found == .unavailable
        case .rateLimited, .noEndpoint, .cancelled, .noQuorum: false
        }
    }
}
