import EthereumCore
import StrictJSON

extension RPCClient {
    /// Reads on which as many endpoints agree as the quorum asks for.
    ///
    /// What is about the head is pinned to one block first: the highest that enough endpoints know by the same hash.
    /// Advice such as a gas price is asked of one endpoint, since there is nothing to agree on.
    func performWithQuorum(_ calls: [RPCCall]) async throws(RPCError) -> [Result<JSON, RPCError>] {
        var results = [Result<JSON, RPCError>](
            repeating: .failure(RPCError(.noQuorum(needed: options.quorum, agreed: 0, asked: nodes.count))),
            count: calls.count)
        var pins: [BlockID: UInt64] = [:]
        var common: [(index: Int, call: RPCCall, parts: @Sendable (JSON) -> JSON)] = []
        var advice: [Int] = []
        for (index, call) in calls.enumerated() {
            switch call.agreement {
            case .advice: advice.append(index)
            case .exact(let parts): common.append((index, call, parts))
            case .height:
                let number = try await pin(.latest, &pins)
                results[index] = .success(.string(number.hexQuantity))
            case .atBlock(let parameter, let tag, let parts):
                let number = try await pin(tag, &pins)
                var pinned = call
                while pinned.params.count <= parameter { pinned.params.append(.null) }
                pinned.params[parameter] = BlockID.number(number).json
                common.append((index, pinned, parts))
            }
        }
        if !common.isEmpty {
            let agreed = try await agree(common.map { ($0.call, $0.parts) })
            for (entry, result) in zip(common, agreed) { results[entry.index] = result }
        }
        if !advice.isEmpty {
            let single = try await performOnAny(advice.map { calls[$0] })
            for (index, result) in zip(advice, single) { results[index] = result }
        }
        return results
    }

    /// Heads that differ by no more than this are those of endpoints in step.
    private static let usualSpread: UInt64 = 3

    /// The highest block at `tag` that enough endpoints know by the same hash.
    private func pin(_ tag: BlockID, _ pins: inout [BlockID: UInt64]) async throws(RPCError) -> UInt64 {
        let tag = tag == .pending ? .latest : tag
        if let known = pins[tag] { return known }
        let look = RPCMethod<Block?>.block(tag)
        func numbers(_ answers: [Answer]) -> [UInt64] {
            answers.compactMap { answer in
                guard case .success(let results) = answer, case .success(let json) = results[0] else { return nil }
                return (try? look.decode(json))?.number
            }.sorted(by: >)
        }
        // An endpoint far behind must not hold everybody at its head only because it answers first.
        let heads = try await askAll([look.call]) { answers in
            let known = numbers(answers)
            return known.count >= self.options.quorum && known[0] - known[self.options.quorum - 1] <= Self.usualSpread
        }
        let known = numbers(heads)
        guard known.count >= options.quorum else {
            throw noQuorum(agreed: known.count, known.isEmpty ? Self.error(in: heads) : nil)
        }
        // So many endpoints have reached this height; now they have to mean the same block.
        let number = known[options.quorum - 1]
        let confirm = RPCMethod<Block?>.block(.number(number))
        let parts: @Sendable (JSON) -> JSON = { $0["hash"] ?? .null }
        switch try await agree([(confirm.call, parts)])[0] {
        case .success(let json) where !json.isNull:
            pins[tag] = number
            return number
        case .success: throw noQuorum(agreed: 0, nil)
        case .failure(let error): throw error
        }
    }

    /// Asks every endpoint the same and takes, for each call, what enough of them say.
    private func agree(
        _ calls: [(call: RPCCall, parts: @Sendable (JSON) -> JSON)]
    ) async throws(RPCError) -> [Result<JSON, RPCError>] {
        func best(_ index: Int, _ answers: [Answer]) -> (count: Int, result: Result<JSON, RPCError>)? {
            var votes: [(key: JSON, count: Int, result: Result<JSON, RPCError>)] = []
            for case .success(let results) in answers {
                guard let key = Self.key(results[index], calls[index].parts) else { continue }
                if let known = votes.firstIndex(where: { $0.key == key }) {
                    votes[known].count += 1
                } else {
                    votes.append((key, 1, results[index]))
                }
            }
            return votes.max { $0.count < $1.count }.map { ($0.count, $0.result) }
        }
        let answers = try await askAll(calls.map(\.call)) { answers in
            calls.indices.allSatisfy { (best($0, answers)?.count ?? 0) >= self.options.quorum }
        }
        return calls.indices.map { index in
            let found = best(index, answers)
            guard let found, found.count >= options.quorum else {
                return .failure(noQuorum(agreed: found?.count ?? 0, found == nil ? Self.error(in: answers) : nil))
            }
            return found.result
        }
    }

    /// What is compared; nil for failures that are the endpoint's own.
    private static func key(_ result: Result<JSON, RPCError>, _ parts: @Sendable (JSON) -> JSON) -> JSON? {
        switch result {
        case .success(let json): return ["result": parts(json)]
        case .failure(let error):
            guard let found = error.serverClass, !found.isRetryable else { return nil }
            return [
                "error": .string(found.rawValue),
                "data": error.revertData.map { .string(Hex.encodePrefixed($0)) } ?? .null,
            ]
        }
    }

    private typealias Answer = Result<[Result<JSON, RPCError>], RPCError>

    /// The same calls at every endpoint at once, until `isEnough` is content with the answers so far: nobody waits
    /// for a dead endpoint.
    private func askAll(
        _ calls: [RPCCall], until isEnough: ([Answer]) -> Bool
    ) async throws(RPCError) -> [Answer] {
        let answers = await withTaskGroup(of: Answer.self) { group in
            for node in nodes {
                group.addTask {
                    do throws(RPCError) {
                        return .success(try await self.performOnOne(calls, node))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            var all: [Answer] = []
            for await answer in group {
                all.append(answer)
                if isEnough(all) { break }
            }
            group.cancelAll()
            return all
        }
        if Task.isCancelled { throw RPCError(.cancelled) }
        return answers
    }

    private static func error(in answers: [Answer]) -> RPCError? {
        for answer in answers {
            switch answer {
            case .failure(let error): return error
            case .success(let results): for case .failure(let error) in results { return error }
            }
        }
        return nil
    }

    private func performOnOne(_ calls: [RPCCall], _ node: EndpointNode) async throws(RPCError) -> [Result<
        JSON, RPCError
    >] {
        var results: [Result<JSON, RPCError>] = []
        var retried = false
        while results.count < calls.count {
            let part = Array(calls[results.count...].prefix(node.batchSize))
            do throws(RPCError) {
                results += try await exchange(part, with: node)
            } catch {
                if part.count > 1, error.isBatchRefusal {
                    node.shrinkBatch(below: part.count)
                } else {
                    // The others make up for one that is slow to recover.
                    guard error.isRetryable, !retried, error.retryAfter == nil else { throw error }
                    retried = true
                }
            }
        }
        return results
    }

    private func noQuorum(agreed: Int, _ cause: RPCError?) -> RPCError {
        cause ?? RPCError(.noQuorum(needed: options.quorum, agreed: agreed, asked: nodes.count))
    }
}
