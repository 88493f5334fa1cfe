import EthereumABI
import EthereumCore
import EthereumRPC
import Logging
import OrakeyContract

/// Events are quick, but an endpoint behind a balancer may leave some out without a word. What the contract itself says
/// of the keys in use does not depend on them.
extension NetworkWorker {
    /// Takes keys out of use that are dead on chain. An endpoint that can't answer is asked again at the next check.
    func checkKeysInUse(_ messages: [Bytes32], _ reader: ChainReader, at block: BlockID) async throws {
        let dead: [Bytes32]
        do {
            dead = try await reader.inactive(messages, at: block)
        } catch let error as RPCError {
            return log.debug("the keys in use were not checked", metadata: ["error": "\(error)"])
        }
        if !dead.isEmpty { try await agent.foundDeadInUse(dead, on: network) }
    }

    /// Looks once in a run at keys that are recorded as disabled without the transaction that did it: an older version
    /// took an endpoint's lag for that. What lives all the same goes out again.
    func mendUnproven(_ reader: ChainReader, at head: Block) async throws {
        let messages = try await agent.unprovenDisables(on: network)
        guard !messages.isEmpty else { return }
        let dead: Set<Bytes32>
        do {
            dead = Set(try await reader.inactive(messages, at: .number(head.number)))
        } catch let error as RPCError {
            return log.debug("keys recorded as disabled were not checked", metadata: ["error": "\(error)"])
        }
        let alive = messages.filter { !dead.contains($0) }
        guard !alive.isEmpty else { return }
        log.warning(
            "keys recorded as disabled are active on chain: they are disabled now",
            metadata: ["messages": "\(alive.map(\.description).joined(separator: " "))"])
        try await agent.foundAlive(alive, on: network)
    }

    /// Those of these keys that were created for good and are not active any more.
    ///
    /// Asked at the block that was seen, by its number: to an endpoint that lags, a key that it has not seen yet looks as
    /// one that is dead, and a disable that is given up for that would leave the key alive.
    func dead(of messages: [Bytes32], _ reader: ChainReader) async throws -> [Bytes32] {
        guard let view = await agent.settledKeys(messages, on: network) else { return [] }
        var dead: [Bytes32] = []
        for message in view.messages {
            do {
                if try await !reader.isActive(message, at: .number(view.head)) { dead.append(message) }
            } catch let error as RPCError where error.isRefusal {
                // A contract that refuses even to be read says nothing of the key.
            }
        }
        return dead
    }
}

extension ChainReader {
    /// Those of these keys that are not active at a block: one call where ``statusWords(of:)`` has a range, else one each.
    func inactive(_ messages: [Bytes32], at block: BlockID) async throws -> [Bytes32] {
        if let views = contract.reference, let range = statusWords(of: messages) {
            let count = UInt64(range.count)
            let words = try await ask(views.statusWords(owner, firstWord: range.lowerBound, count: count), at: block)
            guard words.count == range.count else { throw ContractError.unexpectedAnswer }
            return messages.filter { message in
                let index = number(of: message) - 1 - range.lowerBound * 256
                return (words[Int(index / 256)] >> Int(index % 256)) & 1 == 1
            }
        }
        var dead: [Bytes32] = []
        for message in messages where try await !isActive(message, at: block) { dead.append(message) }
        return dead
    }

    /// The status words of the reference contract that tell of all these keys, where one call is enough for them.
    func statusWords(of messages: [Bytes32]) -> Range<UInt64>? {
        let numbers = messages.map(number)
        guard contract.reference != nil, let lowest = numbers.min(), let highest = numbers.max(), lowest > 0 else {
            return nil
        }
        let range = (lowest - 1) / 256..<(highest - 1) / 256 + 1
        return UInt64(range.count) <= ContractDescription.statusWordsPerCall ? range : nil
    }

    private func number(of message: Bytes32) -> UInt64 {
        message.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
