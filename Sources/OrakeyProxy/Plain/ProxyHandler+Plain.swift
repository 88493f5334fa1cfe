import CurlHTTP
public import HTTPRelay
import LocalSockets
import OrakeyCore

/// The short way of requests that nothing is to be said about. Whatever is refused, held back or unclear takes the long
/// one, where it is decided again, counted and answered.
extension ProxyHandler: PlainRelay {
    private static let requestRules = FieldRules(
        dropping: endHere,
        elsewhere: WebPages.fields + [Admission.consumerField, Admission.networkField])
    private static let answerRules = FieldRules(
        ofAnswersDropping: notForCallers, noting: ExchangeHashes.field)

    public var requestRules: FieldRules { Self.requestRules }
    public var answerRules: FieldRules { Self.answerRules }

    public func admit(_ request: PlainRequest, from peer: RelayPeer, isPrepared: Bool) -> PlainAdmission {
        guard let caller = admission.caller(of: request, from: peer),
            holdBack.wait(of: caller.name, at: clock.now) == nil,
            case .key(let handout) = board.read(consumer: caller.name.consumer, network: caller.name.network)
        else { return .elsewhere }
        guard isPrepared || overLimit(caller.name) == nil else { return .elsewhere }
        // The record of a first use counts it already.
        let isCounted = isPrepared && auditor.gate.knows(handout, caller.peer)
        switch isCounted ? .counted : auditor.gate.admit(handout, to: caller.peer) {
        case .counted: break
        // Where the record can't be made, the request goes elsewhere and learns why.
        case .first: return .later { [auditor] in try? await auditor.record(handout, to: caller.peer) }
        case .closed: return .elsewhere
        }
        return .granted(ProxyExchange(self, caller, handout, request))
    }
}
