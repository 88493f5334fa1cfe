import EthereumCore
import OrakeyKey
import Synchronization

/// What one owner has used of one model.
struct UsageKey: Hashable, Sendable {
    let network: NetworkName
    let owner: Address
    let model: String
}

/// Counts of requests and what they took.
struct UsageCount: Equatable, Sendable {
    var requests: UInt64 = 0
    /// Requests that were not answered with success.
    var failures: UInt64 = 0
    var promptTokens: UInt64 = 0
    var completionTokens: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var milliseconds: UInt64 = 0

    static func += (left: inout UsageCount, right: UsageCount) {
        left.requests &+= right.requests
        left.failures &+= right.failures
        left.promptTokens &+= right.promptTokens
        left.completionTokens &+= right.completionTokens
        left.bytesIn &+= right.bytesIn
        left.bytesOut &+= right.bytesOut
        left.milliseconds &+= right.milliseconds
    }
}

/// What was used, until it is stored, and by model since the start.
final class UsageBook: Sendable {
    private struct State {
        var unstored: [UsageKey: UsageCount] = [:]
        var byModel: [String: UsageCount] = [:]
    }

    private let state = Mutex(State())

    /// Counts one request that has ended. Models are those of the configuration, so that there are never too many.
    func add(_ count: UsageCount, for key: UsageKey) {
        state.withLock { state in
            state.unstored[key, default: UsageCount()] += count
            state.byModel[key.model, default: UsageCount()] += count
        }
    }

    /// Takes what is to be stored.
    func takeUnstored() -> [UsageKey: UsageCount] {
        state.withLock { state in
            defer { state.unstored = [:] }
            return state.unstored
        }
    }

    /// Takes back what could not be stored.
    func putBack(_ counts: [UsageKey: UsageCount]) {
        state.withLock { state in
            for (key, count) in counts { state.unstored[key, default: UsageCount()] += count }
        }
    }

    var byModel: [(model: String, count: UsageCount)] {
        state.withLock { $0.byModel.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
