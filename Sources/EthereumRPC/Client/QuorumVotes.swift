import EthereumCore
import StrictJSON

/// What endpoints say to one question, and how many of them say the same.
struct QuorumVotes {
    private var parties: [(key: JSON, count: Int, result: Result<JSON, RPCError>)] = []

    /// Counts an endpoint's answer; `parts` is what has to be the same of it.
    mutating func add(_ result: Result<JSON, RPCError>, parts: @Sendable (JSON) -> JSON) {
        guard let key = Self.comparable(result, parts) else { return }
        if let known = parties.firstIndex(where: { $0.key == key }) {
            parties[known].count += 1
        } else {
            parties.append((key, 1, result))
        }
    }

    /// What most endpoints say; nil where none has said anything that counts.
    var best: (count: Int, result: Result<JSON, RPCError>)? {
        parties.max { $0.count < $1.count }.map { ($0.count, $0.result) }
    }

    /// What is compared; nil for failures that are the endpoint's own.
    private static func comparable(
        _ result: Result<JSON, RPCError>, _ parts: @Sendable (JSON) -> JSON
    ) -> JSON? {
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
}

/// The heights that endpoints say their chains have.
struct QuorumHeads {
    /// Heads that differ by no more than this many blocks are those of endpoints in step.
    private static let usualSpread: UInt64 = 3

    /// Each endpoint's head, by its place in the configuration.
    private let claims: [Int: UInt64]
    /// Highest first.
    private let heads: [UInt64]

    init(_ claims: [Int: UInt64]) {
        self.claims = claims
        heads = claims.values.sorted(by: >)
    }

    var count: Int { heads.count }

    /// Whether some `quorum` endpoints are in step with each other, whatever the rest claims: neither one that is far
    /// behind nor one that boasts may hold up or lead the others.
    func isInStep(_ quorum: Int) -> Bool {
        guard heads.count >= quorum else { return false }
        return (0...heads.count - quorum).contains { heads[$0] - heads[$0 + quorum - 1] <= Self.usualSpread }
    }

    /// Heights that at least `quorum` endpoints claim to have reached, the highest first: whether they mean the same
    /// block there is for them to show.
    func candidates(_ quorum: Int) -> [UInt64] {
        heads.dropFirst(quorum - 1).reduce(into: []) { found, head in if found.last != head { found.append(head) } }
    }

    /// The endpoints that claim to have reached a height.
    func endpoints(at height: UInt64) -> Set<Int> { Set(claims.filter { $0.value >= height }.keys) }
}
