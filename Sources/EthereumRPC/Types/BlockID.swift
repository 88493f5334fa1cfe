public import EthereumCore
import StrictJSON

/// Which block a request is about (execution-apis `BlockNumberOrTag`, EIP-1898).
public enum BlockID: Sendable, Hashable {
    /// The head.
    case latest
    /// The head with the pool's transactions on top.
    case pending
    /// The newest block that is safe from reorganisation under honest majority.
    case safe
    /// The newest final block.
    case finalized
    /// The first block.
    case earliest
    /// The block of that number on the endpoint's chain.
    case number(UInt64)
    /// That very block, canonical or not (EIP-1898).
    case hash(Bytes32)

    /// Whether the same words mean another block a moment later.
    var isMoving: Bool {
        switch self {
        case .latest, .pending, .safe, .finalized: true
        case .earliest, .number, .hash: false
        }
    }

    var json: JSON {
        switch self {
        case .latest: "latest"
        case .pending: "pending"
        case .safe: "safe"
        case .finalized: "finalized"
        case .earliest: "earliest"
        case .number(let number): .string(number.hexQuantity)
        case .hash(let hash): ["blockHash": .string(hash.hex)]
        }
    }
}
