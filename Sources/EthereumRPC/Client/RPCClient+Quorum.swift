import EthereumCore
import StrictJSON

extension RPCClient {
    /// Reads on which as many endpoints agree as the quorum asks for.
    ///
    /// What is about a moving block such as the head is read at one number that enough endpoints have reached, and each
    /// endpoint names the block of that number in the same body, before and after what is read: a vote is for the block
    /// and the result together, so that a reorganisation between two requests can't join what belongs to two branches.
    /// Advice such as a gas price is asked of one endpoint, since there is nothing to agree on.
    func performWithQuorum(_ calls: [RPCCall]) async throws(RPCError) -> [Result<JSON, RPCError>] {
        let end = clock.now + options.deadline
        var results = [Result<JSON, RPCError>](repeating: .failure(noQuorum(agreed: 0, nil)), count: calls.count)
        var advice: [Int] = []
        var fixed: [(index: Int, question: Question)] = []
        var moving: [(tag: BlockID, members: [(index: Int, member: Moving)])] = []
        for (index, call) in calls.enumerated() {
            let member: (tag: BlockID, member: Moving)
            switch call.agreement {
            case .advice:
                advice.append(index)
                continue
            case .exact(let parts):
                fixed.append((index, Question(call: call, parts: parts)))
                continue
            case .height: member = (.latest, .height)
            case .atBlock(let parameter, let tag, let parts):
                member = (tag == .pending ? .latest : tag, .read(Question(call: call, parts: parts), parameter))
            }
            if let known = moving.firstIndex(where: { $0.tag == member.tag }) {
                moving[known].members.append((index, member.member))
            } else {
                moving.append((member.tag, [(index, member.member)]))
            }
        }
        if !fixed.isEmpty {
            let agreed = try await agree(fixed.map(\.question), until: end)
            for (entry, result) in zip(fixed, agreed) { results[entry.index] = result }
        }
        for (tag, members) in moving {
            let agreed = try await read(members.map(\.member), at: tag, until: end)
            for (entry, result) in zip(members, agreed) { results[entry.index] = result }
        }
        if !advice.isEmpty {
            let single = try await performOnAny(advice.map { calls[$0] })
            for (index, result) in zip(advice, single) { results[index] = result }
        }
        return results
    }

    /// A call with what has to be the same of its result.
    private struct Question {
        var call: RPCCall
        let parts: @Sendable (JSON) -> JSON

        /// The block of that number; all that counts is which one it is.
        static func block(_ number: UInt64) -> Question {
            Question(call: RPCMethod<Block?>.block(.number(number)).call, parts: hash)
        }

        /// Which block an answer is about; null where the endpoint has none.
        @Sendable static func hash(_ block: JSON) -> JSON {
            block["hash"]?.stringValue.map { .string($0.lowercased()) } ?? .null
        }
    }

    /// What is asked of a moving block.
    private enum Moving {
        /// Its number.
        case height
        /// A call that names it in this parameter.
        case read(Question, Int)
    }

    /// A height to read at, and the endpoints that claim to have reached it.
    private struct Pin {
        let number: UInt64
        let claimants: Set<Int>
    }

    // MARK: At a moving block

    /// Reads at the highest block at `tag` that enough endpoints know by the same hash.
    private func read(
        _ members: [Moving], at tag: BlockID, until end: Duration
    ) async throws(RPCError) -> [Result<JSON, RPCError>] {
        var last: RPCError?
        // The first endpoints in step are believed at once. Where they mislead, one more is waited for each time, so that
        // as many liars as there are do not make anybody wait for one that hangs.
        for wanted in options.quorum...nodes.count where wanted == options.quorum || clock.now < end {
            let (heads, error) = try await heads(at: tag, inStep: wanted, until: end)
            guard heads.count >= options.quorum else {
                last = last ?? noQuorum(agreed: heads.count, heads.count == 0 ? error : nil)
                break
            }
            for number in heads.candidates(options.quorum) {
                guard clock.now < end else { return members.map { _ in .failure(last ?? noQuorum(agreed: 0, nil)) } }
                let pin = Pin(number: number, claimants: heads.endpoints(at: number))
                switch try await read(members, at: pin, until: end) {
                case .success(let results): return results
                // What kept the highest from being agreed on says more than what kept the older ones.
                case .failure(let error): last = last ?? error
                }
            }
            // Nobody is left to say anything else.
            if heads.count == nodes.count { break }
        }
        return members.map { _ in .failure(last ?? noQuorum(agreed: 0, nil)) }
    }

    /// Reads at the block of that number; a failure where too few endpoints mean the same block by it.
    private func read(
        _ members: [Moving], at pin: Pin, until end: Duration
    ) async throws(RPCError) -> Result<[Result<JSON, RPCError>], RPCError> {
        let questions = members.compactMap { member -> Question? in
            guard case .read(var question, let parameter) = member else { return nil }
            while question.call.params.count <= parameter { question.call.params.append(.null) }
            question.call.params[parameter] = BlockID.number(pin.number).json
            return question
        }
        var agreed = try await agree([.block(pin.number)] + questions, at: pin, until: end)[...]
        if case .failure(let error) = agreed.removeFirst() { return .failure(error) }
        return .success(
            members.map { member in
                if case .height = member { return .success(.string(pin.number.hexQuantity)) }
                return agreed.removeFirst()
            })
    }

    /// How far the endpoints are, once so many are in step or all are heard; and what went wrong where nobody says.
    private func heads(
        at tag: BlockID, inStep wanted: Int, until end: Duration
    ) async throws(RPCError) -> (QuorumHeads, RPCError?) {
        let look = RPCMethod<Block?>.block(tag)
        func heads(_ answers: [Answer]) -> QuorumHeads {
            var claims: [Int: UInt64] = [:]
            for answer in answers {
                guard case .success(let results) = answer.outcome else { continue }
                guard case .success(let json) = results[0] else { continue }
                claims[answer.node] = (try? look.decode(json))?.number
            }
            return QuorumHeads(claims)
        }
        let answers = try await askAll([look.call], until: end) { answers in
            heads(answers).isInStep(wanted)
        }
        return (heads(answers), Self.error(in: answers))
    }

    // MARK: Votes

    /// Asks every endpoint the same and takes, for each question, what enough of them say.
    ///
    /// - Parameter pin: where an endpoint must have a block, the same one before and after the questions; the first
    ///   question is for it. Nil where nothing moves.
    private func agree(
        _ questions: [Question], at pin: Pin? = nil, until end: Duration
    ) async throws(RPCError) -> [Result<JSON, RPCError>] {
        let isBracketed = pin != nil && questions.count > 1
        /// The block that an endpoint stood at; nil where it has none, or another one than a moment before.
        func block(_ results: [Result<JSON, RPCError>]) -> JSON? {
            guard pin != nil else { return .null }
            let looks = [results[0], results[isBracketed ? questions.count : 0]].map { look -> JSON in
                if case .success(let json) = look { Question.hash(json) } else { .null }
            }
            return looks[0] == looks[1] && !looks[0].isNull ? looks[0] : nil
        }
        /// The votes of those who stood at the same block: what is read of one branch never joins what is read of another.
        func votes(_ answers: [Answer]) -> [QuorumVotes] {
            var parties: [(block: JSON, votes: [QuorumVotes])] = []
            for case .success(let results) in answers.map(\.outcome) {
                guard let block = block(results) else { continue }
                let index = parties.firstIndex { $0.block == block } ?? parties.endIndex
                if index == parties.endIndex {
                    parties.append((block, [QuorumVotes](repeating: QuorumVotes(), count: questions.count)))
                }
                for (number, question) in questions.enumerated() {
                    parties[index].votes[number].add(results[number], parts: question.parts)
                }
            }
            func agreement(_ votes: [QuorumVotes]) -> (Int, Int) {
                let counts = votes.map { $0.best?.count ?? 0 }
                return (counts.min() ?? 0, counts.first ?? 0)
            }
            return parties.max { agreement($0.votes) < agreement($1.votes) }?.votes
                ?? [QuorumVotes](repeating: QuorumVotes(), count: questions.count)
        }
        let calls = questions.map(\.call) + (isBracketed ? [questions[0].call] : [])
        let answers = try await askAll(calls, until: end) { answers in
            let counts = votes(answers).map { $0.best?.count ?? 0 }
            if counts.allSatisfy({ $0 >= options.quorum }) { return true }
            // Those who claimed the block have shown different ones: another height is the better question.
            guard let pin, counts[0] < options.quorum else { return false }
            return pin.claimants.isSubset(of: answers.map(\.node))
        }
        return votes(answers).map { vote in
            guard let found = vote.best, found.count >= options.quorum else {
                let cause = vote.best == nil ? Self.error(in: answers) : nil
                return .failure(noQuorum(agreed: vote.best?.count ?? 0, cause))
            }
            return found.result
        }
    }

    /// What the endpoint with that index said.
    private struct Answer: Sendable {
        let node: Int
        let outcome: Result<[Result<JSON, RPCError>], RPCError>
    }

    /// The same calls at every endpoint at once, until `isEnough` is content with the answers so far: nobody waits
    /// for a dead endpoint. Those out of order are left alone while the others are enough for a quorum.
    private func askAll(
        _ calls: [RPCCall], until end: Duration, isEnough: ([Answer]) -> Bool
    ) async throws(RPCError) -> [Answer] {
        let open = nodes.filter { $0.closedUntil == nil }
        let asked = open.count >= options.quorum ? open : nodes
        let answers = await withTaskGroup(of: Answer.self) { group in
            for node in asked {
                group.addTask {
                    do throws(RPCError) {
                        let results = try await self.performOnOne(calls, node, until: end)
                        return Answer(node: node.index, outcome: .success(results))
                    } catch {
                        return Answer(node: node.index, outcome: .failure(error))
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
            switch answer.outcome {
            case .failure(let error): return error
            case .success(let results): for case .failure(let error) in results { return error }
            }
        }
        return nil
    }

    private func performOnOne(
        _ calls: [RPCCall], _ node: EndpointNode, until end: Duration
    ) async throws(RPCError) -> [Result<JSON, RPCError>] {
        var results: [Result<JSON, RPCError>] = []
        var retried = false
        while results.count < calls.count {
            guard results.isEmpty || clock.now < end else {
                throw RPCError(.timeout("the deadline passed between two parts of a batch"), endpoint: node.name)
            }
            let part = Array(calls[results.count...].prefix(node.batchSize))
            do throws(RPCError) {
                results += try await exchange(part, with: node)
            } catch {
                if part.count > 1, error.isBatchRefusal {
                    node.shrinkBatch(below: part.count)
                } else {
                    // The others make up for one that is slow to recover.
                    guard error.isRetryable, !retried, error.retryAfter == nil, clock.now < end else { throw error }
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
