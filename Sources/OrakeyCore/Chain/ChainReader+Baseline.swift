import EthereumABI
import EthereumCore
public import EthereumRPC
import OrakeyContract

/// What the contract held before the ledger began to follow it.
extension ChainReader {
    /// More keys than this are no owner's: an endpoint that tells of them would fill the memory with what it makes up.
    private static let mostKeys: UInt64 = 1 << 23

    /// All keys of the owner at `block`. The reference contract tells count and status words, a million keys in a
    /// handful of calls; another contract's events are read from the beginning.
    public func baseline(at block: Block) async throws -> Baseline {
        let reference = BlockReference(number: block.number, hash: block.hash, timestamp: block.timestamp)
        guard let views = contract.reference else {
            return Baseline(block: reference, keys: try await keysFromEvents(upTo: block.number))
        }
        // A contract younger than the settled block has issued nothing yet at that block.
        let code = try await client.send(.code(contract.address, .number(block.number)))
        guard !code.isEmpty else { return Baseline(block: reference, keys: []) }
        let count = try await ask(views.keyCount(owner), at: .number(block.number))
        guard count <= Self.mostKeys else { throw ContractError.unexpectedAnswer }
        let words = (count + 255) / 256
        var keys: [(message: Bytes32, isActive: Bool)] = []
        var first: UInt64 = 0
        while first < words {
            let part = min(words - first, ContractDescription.statusWordsPerCall)
            let status = try await ask(
                views.statusWords(owner, firstWord: first, count: part), at: .number(block.number))
            guard status.count == Int(part) else { throw ContractError.unexpectedAnswer }
            for n in (first * 256 + 1)...min(count, (first + part) * 256) {
                guard let message = contract.message(number: n) else { continue }
                let index = n - 1 - first * 256
                keys.append((message, (status[Int(index / 256)] >> Int(index % 256)) & 1 == 0))
            }
            first += part
        }
        return Baseline(block: reference, keys: keys)
    }

    func ask<Result>(_ call: ABICall<Result>, at block: BlockID) async throws -> Result {
        let request = CallRequest(to: contract.address, data: call.data)
        return try call.result(of: try await client.send(.call(request, block)))
    }

    /// Created and not disabled, by the events of all blocks.
    private func keysFromEvents(upTo last: UInt64) async throws -> [(message: Bytes32, isActive: Bool)] {
        var isActive: [Bytes32: Bool] = [:]
        for event in try await logs(from: 0, to: last).compactMap(event) {
            switch event.kind {
            case .created: isActive[event.message] = isActive[event.message] ?? true
            case .disabled: isActive[event.message] = false
            }
        }
        return isActive.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
