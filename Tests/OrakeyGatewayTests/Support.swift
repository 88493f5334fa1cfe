import EthereumCore
import OrakeyKey
import Synchronization

@testable import OrakeyGateway

/// A clock that a test moves.
final class MovedClock: GatewayClock {
    private let state = Mutex((nanoseconds: UInt64(1_000_000_000_000), unix: UInt64(1_800_000_000)))

    var now: MonotonicTime { state.withLock { MonotonicTime(nanoseconds: $0.nanoseconds) } }
    var unixSeconds: UInt64 { state.withLock { $0.unix } }

    func advance(_ duration: Duration) {
        state.withLock {
            $0.nanoseconds += duration.wholeNanoseconds
            $0.unix += duration.wholeNanoseconds / 1_000_000_000
        }
    }
}

func address(_ number: UInt8) -> Address {
    Address(truncating: word(UInt64(number)))
}

func word(_ number: UInt64) -> Bytes32 { Bytes32(UInt256(number)) }

func identity(_ owner: UInt8, _ message: UInt64, network: Int = 0, tags: TagKey) throws -> VerifiedIdentity {
    VerifiedIdentity(
        network: try NetworkName("BASE"), networkIndex: network, owner: address(owner), message: word(message),
        tag: tags.tag(network: network, owner: address(owner), message: word(message)))
}

extension Verdict {
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
    var grant: Grant? { if case .granted(let grant) = self { grant } else { nil } }
}
