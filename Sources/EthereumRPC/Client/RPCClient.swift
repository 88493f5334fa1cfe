public import CurlHTTP
import StrictJSON
import Synchronization

/// Talks JSON-RPC to one chain through one or several endpoints.
///
/// Every endpoint says which chain it serves before it is first used, and again after a failure or a new connection.
/// Reads go to the healthiest endpoint, are repeated with growing waits, and move on to the next one; with a quorum
/// several have to agree. What changes something is sent once: to another endpoint only if the first has certainly
/// not seen it.
public final class RPCClient: Sendable {
    /// The chain that all endpoints have to serve (EIP-155).
    public let chainID: UInt64
    let options: RPCOptions
    let clock: any RPCClock
    let nodes: [EndpointNode]
    private let nextID = Atomic<UInt64>(1)
    /// Which of the other endpoints ``headElsewhere(than:)`` asks next.
    let comparisons = Atomic<Int>(0)

    /// A client of these endpoints in order of preference.
    ///
    /// - Parameters:
    ///   - http: shared by clients of one process; nil makes one of its own.
    ///   - transport: makes the way to an endpoint; nil takes HTTP.
    public init(
        endpoints: [RPCEndpoint], chainID: UInt64, options: RPCOptions = RPCOptions(), http: HTTPClient? = nil,
        clock: any RPCClock = SystemRPCClock(), transport: (@Sendable (RPCEndpoint) -> any RPCTransport)? = nil
    ) throws(RPCError) {
        guard !endpoints.isEmpty else { throw RPCError(.noEndpoint("no endpoint is configured")) }
        guard options.quorum <= endpoints.count else {
            throw RPCError(
                .noEndpoint("\(options.quorum) endpoints have to agree, and only \(endpoints.count) are configured"))
        }
        // One endpoint named twice would agree with itself.
        guard options.quorum == 1 || Set(endpoints.map(\.url)).count == endpoints.count else {
            throw RPCError(.noEndpoint("an endpoint is named twice, and a quorum needs different ones"))
        }
        let makeTransport: @Sendable (RPCEndpoint) -> any RPCTransport
        if let transport {
            makeTransport = transport
        } else {
            let client: HTTPClient
            do throws(HTTPError) {
                client = if let http { http } else { try HTTPClient() }
            } catch {
                throw RPCError(.noEndpoint(error.reason))
            }
            makeTransport = { endpoint in
                CurlTransport(
                    client: client, endpoint: endpoint, timeouts: options.timeouts,
                    maxAnswerBytes: options.maxAnswerBytes)
            }
        }
        self.chainID = chainID
        self.options = options
        self.clock = clock
        nodes = endpoints.enumerated().map { index, endpoint in
            EndpointNode(
                index: index, endpoint: endpoint, transport: makeTransport(endpoint), options: options,
                clock: clock)
        }
    }

    /// How each endpoint is doing, in the order of the configuration.
    public var endpointStatuses: [RPCEndpointStatus] { nodes.map(\.status) }

    /// Sends one request.
    public func send<Response>(_ method: RPCMethod<Response>) async throws(RPCError) -> Response {
        let results = try await perform([method.call])
        return try Self.typed(results[0], method).get()
    }

    /// Sends several requests of one type together, in as few HTTP bodies as the configured batch size allows.
    ///
    /// - Returns: one result for each request, in order.
    /// - Throws: when the exchange as a whole failed.
    public func batch<Response>(
        _ methods: [RPCMethod<Response>]
    ) async throws(RPCError) -> [Result<Response, RPCError>] {
        guard !methods.isEmpty else { return [] }
        let results = try await perform(methods.map(\.call))
        return zip(results, methods).map { Self.typed($0, $1) }
    }

    /// Sends several requests of different types together.
    ///
    /// The compiler takes a bare number in such a list for an `Int`: write `.balance(owner, .number(UInt64(5)))`.
    ///
    /// - Returns: one result for each request, in order.
    /// - Throws: when the exchange as a whole failed.
    public func batch<each Response>(
        _ methods: repeat RPCMethod<each Response>
    ) async throws(RPCError) -> (repeat Result<each Response, RPCError>) {
        var calls: [RPCCall] = []
        for method in repeat each methods { calls.append(method.call) }
        let results = try await perform(calls)
        var index = 0
        func next<T>(_ method: RPCMethod<T>) -> Result<T, RPCError> {
            defer { index += 1 }
            return Self.typed(results[index], method)
        }
        return (repeat next(each methods))
    }

    private static func typed<T>(_ result: Result<JSON, RPCError>, _ method: RPCMethod<T>) -> Result<T, RPCError> {
        switch result {
        case .failure(let error): return .failure(error)
        case .success(let json):
            do throws(RPCDecodingError) {
                return .success(try method.decode(json))
            } catch {
                let mayHaveTakenEffect = method.effect == .broadcast
                return .failure(
                    RPCError(.invalidAnswer("\(method.name): \(error)"), mayHaveTakenEffect: mayHaveTakenEffect))
            }
        }
    }

    func takeIDs(_ count: Int) -> UInt64 { nextID.add(UInt64(count), ordering: .relaxed).oldValue }
}
