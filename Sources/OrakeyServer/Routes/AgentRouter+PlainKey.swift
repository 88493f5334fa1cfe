import NIOCore
import OrakeyCore
import OrakeyKey

extension AgentRouter: PlainKeySource {
    /// Only what ``answerAtOnce(_:)`` would answer with a key, decided by the same policy, board and audit; everything
    /// else is left to it, errors included.
    func writePlainKey(
        for peer: Peer, asText: Bool, isRecorded: Bool, to buffer: inout ByteBuffer
    ) -> PlainKey {
        guard let handout = plainHandout(for: peer) else { return .elsewhere }
        // The record of a first hand-out counts it already.
        if !isRecorded || !auditor.gate.knows(handout, peer) {
            switch auditor.gate.admit(handout, to: peer) {
            case .first: return .unrecorded
            case .closed: return .elsewhere
            case .counted: break
            }
        }
        counters.countServed(handout.consumer, handout.network.description)
        responses.write(handout, asText: asText, to: &buffer)
        return .written
    }

    func recordPlainKey(for peer: Peer) async {
        guard let handout = plainHandout(for: peer) else { return }
        // Where that fails, the request goes elsewhere and learns why.
        try? await auditor.record(handout, to: peer)
    }

    /// The key that nothing but policy and board stand before. Whoever is held to a rate is counted elsewhere.
    private func plainHandout(for peer: Peer) -> Handout? {
        let policy = policy.current
        guard !policy.needsProcessDetails, peer.knowsAllGroups || !policy.needsGroups,
            case .granted(let consumer, let network) = policy.authorise(peer, consumer: nil, network: nil),
            policy.rateLimit(of: consumer, network: network) == nil,
            case .key(let handout) = board.read(consumer: consumer, network: network)
        else { return nil }
        return handout
    }
}
