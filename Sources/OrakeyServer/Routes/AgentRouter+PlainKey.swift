import NIOCore
import OrakeyCore

extension AgentRouter: PlainKeySource {
    /// Only what ``answerAtOnce(_:)`` would answer with a key, decided by the same policy and board; everything else is
    /// left to it, errors included.
    func writePlainKey(for peer: Peer, asText: Bool, to buffer: inout ByteBuffer) -> Bool {
        let policy = policy.current
        guard !policy.needsProcessDetails, peer.knowsAllGroups || !policy.needsGroups,
            case .granted(let consumer, let network) = policy.authorise(peer, consumer: nil, network: nil),
            case .key(let handout) = board.read(consumer: consumer, network: network)
        else { return false }
        counters.countServed(consumer, network)
        responses.write(handout, asText: asText, to: &buffer)
        return true
    }
}
