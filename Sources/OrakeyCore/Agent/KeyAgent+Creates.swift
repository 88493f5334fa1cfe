import EthereumCore
public import OrakeyKey

/// Creates that are asked for at the same time share one commit: on a slow disk a commit takes longer than all the rest of
/// a request.
extension KeyAgent {
    /// A call that waits for the commit it is to share.
    struct CreateCall {
        let count: Int
        let tag: IdempotencyTag?
        /// nil for the first, which commits for all.
        var answer: CheckedContinuation<Accepted, any Error>?
    }

    /// Creates `count` keys for the pool.
    public func create(network: NetworkName?, count: Int, tag: IdempotencyTag?) async throws -> Accepted {
        guard count >= 1, count <= 10_000 else { throw AgentError(.badRequest, "count must be from 1 to 10000") }
        if let done = try reply(to: tag) { return done }
        let name = try resolve(network)
        let call = CreateCall(count: count, tag: tag)
        guard createCalls[name] == nil else {
            return try await withCheckedThrowingContinuation { answer in
                createCalls[name]?.append(CreateCall(count: count, tag: tag, answer: answer))
            }
        }
        createCalls[name] = [call]
        // Calls that came while the last commit was being written get their turn before this one goes on.
        await Task.yield()
        let calls = createCalls.removeValue(forKey: name) ?? []
        let answers = create(calls, on: name)
        for (call, answer) in zip(calls, answers) { call.answer?.resume(with: answer) }
        return try answers[0].get()
    }

    /// All of these calls in one step. Each is answered as if it had come alone: one whose tag is known gets the reply of
    /// the first, another request under a known tag is refused.
    private func create(_ calls: [CreateCall], on name: NetworkName) -> [Result<Accepted, any Error>] {
        var answers: [Result<Accepted, any Error>?] = calls.map { call in
            do { return try reply(to: call.tag).map { .success($0) } } catch { return .failure(error) }
        }
        let fresh = calls.indices.filter { answers[$0] == nil }
        // A call goes with the first that has the same tag, which is itself as a rule.
        let firsts = fresh.filter { index in !fresh.contains { $0 < index && calls[$0].shares(calls[index]) } }
        do {
            let made = try firsts.isEmpty ? [] : make(firsts.map { calls[$0] }, on: name)
            for (index, accepted) in zip(firsts, made) { answers[index] = .success(accepted) }
        } catch {
            for index in firsts { answers[index] = .failure(error) }
        }
        for first in firsts {
            for index in fresh where index > first && calls[index].shares(calls[first]) {
                let isSame = calls[index].tag?.request == calls[first].tag?.request
                answers[index] = isSame ? answers[first] : .failure(Self.tagInUse)
            }
        }
        return answers.compactMap(\.self)
    }

    private func make(_ calls: [CreateCall], on name: NetworkName) throws -> [Accepted] {
        try requireUnlocked()
        let now = clock.now
        let made = try step(name) { ledger in
            calls.map { accept(ledger.create(count: $0.count, at: now), $0.tag, name, &ledger) }
        }
        kick(name)
        return made
    }
}

extension KeyAgent.CreateCall {
    /// Whether both have the same `Idempotency-Key`.
    func shares(_ other: Self) -> Bool { tag != nil && tag?.key == other.tag?.key }
}
