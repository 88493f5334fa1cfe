import StrictJSON

extension RPCClient {
    /// Sends calls to one endpoint in one body, after making sure of its chain.
    func exchange(_ calls: [RPCCall], with node: EndpointNode) async throws(RPCError) -> [Result<JSON, RPCError>] {
        let changes = calls.contains { $0.effect == .broadcast }
        try await ensureChain(of: node)
        let firstID = takeIDs(calls.count)
        let request = RPCTransportRequest(body: Wire.body(calls, firstID: firstID), isRepeatable: !changes)
        let start = clock.now
        let answer: RPCTransportAnswer
        do throws(RPCError) {
            answer = try await node.exchange(request)
        } catch {
            throw error.with(mayHaveTakenEffect: error.mayHaveTakenEffect && changes)
        }
        let results: [Result<JSON, RPCError>]
        do throws(RPCError) {
            results = try read(answer, calls, firstID: firstID)
        } catch {
            let named = node.named(error)
            node.failed(named)
            // A refusal of the whole batch is as definite as one of a single request.
            let isRefusal = named.serverClass?.isDefiniteRefusal ?? false
            throw named.with(mayHaveTakenEffect: changes && !isRefusal && !named.isDefinitelyNotDelivered)
        }
        if answer.openedConnection {
            node.forgetChain()
            // The signature of a transaction names its chain, so that its answer need not wait for this.
            if !changes { try await ensureChain(of: node) }
        }
        let named = zip(results, calls).map { result, call in
            // A result of another type is no result: the next endpoint may have a better one.
            result.checked(call).mapError { error in
                let isRefused = error.serverClass?.isDefiniteRefusal ?? error.isDefinitelyNotDelivered
                return node.named(error).with(mayHaveTakenEffect: call.effect == .broadcast && !isRefused)
            }
        }
        // An endpoint that answers properly may still say that it is out of order or overrun.
        if let trouble = named.lazy.compactMap(\.trouble).first {
            node.failed(trouble)
        } else {
            node.succeeded(since: start)
        }
        return named
    }

    private func read(
        _ answer: RPCTransportAnswer, _ calls: [RPCCall], firstID: UInt64
    ) throws(RPCError) -> [Result<JSON, RPCError>] {
        guard answer.status != 200 else {
            return try Wire.results(answer.body, count: calls.count, firstID: firstID, maxBytes: options.maxAnswerBytes)
        }
        // Some servers put a JSON-RPC error under another status; it says more than the status does.
        let fallback = RPCError(.http(status: answer.status), retryAfter: answer.retryAfter)
        guard (400..<600).contains(answer.status),
            let results = try? Wire.results(
                answer.body, count: calls.count, firstID: firstID, maxBytes: options.maxAnswerBytes)
        else { throw fallback }
        // Under such a status only errors are believed.
        guard results.allSatisfy({ if case .failure = $0 { true } else { false } }) else { throw fallback }
        return results
    }

    /// Asks the endpoint which chain it serves, unless it is known.
    func ensureChain(of node: EndpointNode) async throws(RPCError) {
        try await node.ensureChain { () async throws(RPCError) -> RPCError? in
            let id = self.takeIDs(1)
            let method = RPCMethod.chainID
            let request = RPCTransportRequest(body: Wire.body([method.call], firstID: id), isRepeatable: true)
            // The question changes nothing, however it ends.
            let answer: RPCTransportAnswer
            do throws(RPCError) {
                answer = try await node.exchange(request)
            } catch {
                throw error.with(mayHaveTakenEffect: false)
            }
            let found: UInt64
            do throws(RPCError) {
                let results = try self.read(answer, [method.call], firstID: id)
                do throws(RPCDecodingError) {
                    found = try method.decode(try Self.success(results[0]))
                } catch {
                    throw RPCError(.invalidAnswer("\(method.name): \(error)"))
                }
            } catch {
                let named = node.named(error)
                node.failed(named)
                throw named
            }
            guard found != self.chainID else { return nil }
            return RPCError(.wrongChain(expected: self.chainID, found: found), endpoint: node.name)
        }
    }

    private static func success(_ result: Result<JSON, RPCError>) throws(RPCDecodingError) -> JSON {
        switch result {
        case .success(let json): return json
        case .failure(let error): throw RPCDecodingError(path: "error", reason: "\(error)")
        }
    }
}

extension Result where Success == JSON, Failure == RPCError {
    /// Fails where the result is not of the call's type.
    fileprivate func checked(_ call: RPCCall) -> Self {
        guard case .success(let json) = self, let flaw = call.flaw(json) else { return self }
        return .failure(RPCError(.invalidAnswer("\(call.name): \(flaw)")))
    }

    /// The error, if it is the endpoint's own and not the request's.
    fileprivate var trouble: RPCError? {
        guard case .failure(let error) = self else { return nil }
        switch error.kind {
        case .rateLimited, .invalidAnswer: return error
        default: return error.serverClass == .unavailable ? error : nil
        }
    }
}
