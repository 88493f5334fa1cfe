import EthereumABI
import EthereumCore
import EthereumRPC
import Logging
import OrakeyContract

/// Events are quick, but an endpoint behind a balancer may leave some out without a word. What the contract itself says
/// of the keys in use does not depend on them.
extension NetworkWorker {
    /// Takes keys out of use that are dead on chain. An endpoint that can't answer is asked again at the next check.
    func checkKeysInUse(_ reader: ChainReader, at head: Block) async throws {
        let messages = await agent.messagesInUse(on: network)
        let dead: [Bytes32]
        do {
            dead = try await reader.inactive(messages, at: head.number)
        } catch let error as RPCError {
            return log.debug("the keys in use were not checked", metadata: ["error": "\(error)"])
        }
        if !dead.isEmpty { try await agent.foundDeadInUse(dead, on: network) }
    }
}

extension ChainReader {
    /// Those of these keys that are not active at a block: one call with the reference contract.
    func inactive(_ messages: [Bytes32], at block: UInt64) async throws -> [Bytes32] {
        let numbers = messages.map { UInt64($0.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }) }
        if let views = contract.reference, let lowest = numbers.min(), let highest = numbers.max(), lowest > 0 {
            let first = (lowest - 1) / 256
            let count = (highest - 1) / 256 - first + 1
            if count <= ContractDescription.statusWordsPerCall {
                let words = try await ask(views.statusWords(owner, firstWord: first, count: count), at: block)
                guard words.count == Int(count) else { throw ContractError.unexpectedAnswer }
                return zip(messages, numbers).filter { _, number in
                    let index = number - 1 - first * 256
                    return (words[Int(index / 256)] >> Int(index % 256)) & 1 == 1
                }.map(\.0)
            }
        }
        var dead: [Bytes32] = []
        for message in messages where try await !isActive(message, at: .number(block)) { dead.append(message) }
        return dead
    }
}
