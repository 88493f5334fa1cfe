import StrictJSON

extension RPCClient {
    /// Sends calls as their effects and the quorum ask for.
    func perform(_ calls: [RPCCall]) async throws(RPCError) -> [Result<JSON, RPCError>] {
        if calls.contains(where: { $0.effect == .broadcast }) { return try await broadcast(calls) }
        if options.quorum > 1 { return try await performWithQuorum(calls) }
        return try await performOnAny(calls)
    }

    // MARK: Broadcasts

    /// One delivery. The next endpoint is tried only while it is certain that none has seen the calls.
    private func broadcast(_ calls: [RPCCall]) async throws(RPCError) -> [Result<JSON, RPCError>] {
        var last = RPCError(.noEndpoint("no endpoint is configured"))
        for node in order(excluding: []) {
            do throws(RPCError) {
                let results = try await exchange(calls, with: node)
                guard results.count == 1, case .failure(let error) = results[0], error.isDefinitelyNotDelivered else {
                    return results
                }
                last = error
            } catch {
                guard error.isDefinitelyNotDelivered, !error.mayHaveTakenEffect else { throw error }
                last = error
            }
        }
        throw last
    }

    // MARK: Reads

    /// Reads from whichever endpoint answers, in batches, until every call has its result or the attempts are used up.
    func performOnAny(_ calls: [RPCCall]) async throws(RPCError) -> [Result<JSON, RPCError>] {
        var results = [Result<JSON, RPCError>?](repeating: nil, count: calls.count)
        var rounds = Rounds(end: clock.now + options.deadline)
        var open = Array(calls.indices)
        while let first = open.first {
            let node = choose(&rounds)
            let part = Array(open.prefix(node.batchSize))
            do throws(RPCError) {
                let answers = try await exchange(part.map { calls[$0] }, with: node)
                var again: RPCError?
                for (index, answer) in zip(part, answers) {
                    results[index] = answer
                    if case .failure(let error) = answer, error.isRetryable { again = error }
                }
                open = open.filter { index in
                    guard case .failure(let error) = results[index] else { return results[index] == nil }
                    return error.isRetryable
                }
                guard let error = again else { continue }
                // Out of attempts: what has no result yet keeps its error.
                guard try await mayTryAgain(after: error, on: node, &rounds) else {
                    if open.allSatisfy({ results[$0] != nil }) { break }
                    throw error
                }
            } catch {
                if part.count > 1, error.isBatchRefusal {
                    node.shrinkBatch(below: part.count)
                    continue
                }
                guard error.isRetryable, try await mayTryAgain(after: error, on: node, &rounds) else {
                    guard !error.isRetryable, part.count == 1 else { throw error }
                    results[first] = .failure(error)
                    open.removeFirst()
                    continue
                }
            }
        }
        return results.map { $0 ?? .failure(RPCError(.invalidAnswer("no answer"))) }
    }

    /// What has been tried.
    struct Rounds {
        let end: Duration
        var attempts = 0
        var round = 0
        /// Endpoints that failed in this round.
        var tried: Set<Int> = []

        init(end: Duration) { self.end = end }
    }

    /// The best endpoint that has not failed in this round; the best of all when every one has.
    private func choose(_ rounds: inout Rounds) -> EndpointNode {
        order(excluding: rounds.tried).first ?? nodes[0]
    }

    /// Usable endpoints first, those that lag after the others, healthy ones before others, then as configured. Closed
    /// ones come last, the earliest to open first: with nothing else to ask, an endpoint in disgrace is asked all the same.
    func order(excluding tried: Set<Int>) -> [EndpointNode] {
        let all = nodes.map { node in
            (
                node: node, isTried: tried.contains(node.index), closed: node.closedUntil ?? .zero,
                isAside: node.isAside, penalty: node.penalty
            )
        }
        return all.sorted { a, b in
            if a.isTried != b.isTried { return b.isTried }
            if a.closed != b.closed { return a.closed < b.closed }
            if a.isAside != b.isAside { return b.isAside }
            if a.penalty != b.penalty { return a.penalty < b.penalty }
            return a.node.index < b.node.index
        }.map(\.node)
    }

    /// Whether another attempt is due; waits where the next endpoint is one that has failed already.
    private func mayTryAgain(
        after error: RPCError, on node: EndpointNode, _ rounds: inout Rounds
    ) async throws(RPCError) -> Bool {
        rounds.attempts += 1
        rounds.tried.insert(node.index)
        guard rounds.attempts < options.maxAttempts, clock.now < rounds.end else { return false }
        let fresh = nodes.contains { !rounds.tried.contains($0.index) && $0.closedUntil == nil }
        if fresh { return true }
        // The same endpoint will say the same.
        guard error.helpsToAskAgain else { return false }
        rounds.tried = []
        defer { rounds.round += 1 }
        var pause = options.backoff.wait(round: rounds.round, random: clock.jitter)
        if let asked = error.retryAfter {
            // Staying away is what was asked for; a caller is not held up beyond the longest wait.
            guard asked <= options.backoff.longest else { return false }
            pause = max(pause, asked)
        }
        guard clock.now + pause < rounds.end else { return false }
        do {
            try await clock.sleep(for: pause)
        } catch {
            throw RPCError(.cancelled)
        }
        return true
    }
}

extension RPCError {
    /// Whether the endpoint that failed in this way may do better a moment later.
    fileprivate var helpsToAskAgain: Bool {
        switch kind {
        case .wrongChain: false
        case .http(let status): status == 408 || status == 425 || status >= 500
        case .server(_, _, _, let found): found == .rateLimited || found == .unavailable
        default: true
        }
    }

    /// Whether an endpoint refused a batch for being one, or for its size.
    var isBatchRefusal: Bool {
        switch kind {
        case .http(let status): status == 413
        case .server(_, _, _, let found): found == .batchRefused || found == .invalidRequest
        case .invalidAnswer(let reason): reason.hasPrefix("a batch was answered with")
        default: false
        }
    }
}
