import EthereumCore
import NIOCore
import OrakeyAPI
import OrakeyCore
import OrakeyKey
import StrictJSON

/// One watcher's stream: its key at once and at every change, each recorded before it is sent.
struct WatchFeed: Sendable {
    let consumer: String
    let network: String
    let peer: Peer
    let board: HandoutBoard
    let policy: PolicyBox
    let auditor: HandoutAuditor

    /// Changes that may wait for the audit before the stream is ended; the watcher connects again and gets what is
    /// current.
    private static let mostWaiting = 256

    /// Begins to feed the writer; returns what ends it.
    func start(_ writer: EventWriter) -> @Sendable () -> Void {
        let (events, source) = AsyncStream.makeStream(
            of: HandoutBoard.Event.self, bufferingPolicy: .bufferingOldest(Self.mostWaiting))
        let number = board.watch { event in
            if concerns(event), case .dropped = source.yield(event) { writer.end() }
        }
        switch board.read(consumer: consumer, network: network) {
        case .key(let handout): source.yield(.key(handout))
        case .locked: source.yield(.locked)
        case .noKey, .stale: writer.comment()
        }
        // Belongs to the connection, whose end cancels it.
        let task = Task { for await event in events { await send(event, to: writer) } }
        return {
            board.endWatch(number)
            source.finish()
            task.cancel()
        }
    }

    private func concerns(_ event: HandoutBoard.Event) -> Bool {
        switch event {
        case .key(let handout): handout.consumer == consumer && handout.network.description == network
        case .revoked(let name, let on, _, _): name == consumer && on.description == network
        case .locked, .policyChanged: true
        }
    }

    private func send(_ event: HandoutBoard.Event, to writer: EventWriter) async {
        guard isStillGranted else { return writer.end() }
        switch event {
        case .key(let handout): await send(handout, to: writer)
        case .revoked(_, _, let fingerprint, let message):
            let data = RevokedEvent(
                network: network, consumer: consumer, message: message.hex, fingerprint: fingerprint.description)
            writer.send("revoked", data: ByteBuffer(bytes: data.json.serialize()))
        case .locked: writer.send("locked", data: ByteBuffer(string: "{}"))
        case .policyChanged: break
        }
    }

    private func send(_ handout: Handout, to writer: EventWriter) async {
        switch auditor.gate.admit(handout, to: peer) {
        case .counted: break
        // Without a record there is no key; the watcher comes back and asks again.
        case .closed: return writer.end()
        case .first: do { try await auditor.record(handout, to: peer) } catch { return writer.end() }
        }
        // Replaced, revoked or locked away meanwhile: the event that says so is next in line.
        guard isStillGranted, case .key(let current) = board.read(consumer: consumer, network: network),
            current.message == handout.message
        else { return }
        let data = AgentRouter.body(handout, ByteBufferAllocator(), newline: false)
        writer.send("key", data: data)
        data.wipe()
    }

    /// A reload may have taken the consumer away from whoever listens.
    private var isStillGranted: Bool {
        policy.current.authorise(peer, consumer: consumer, network: network)
            == .granted(consumer: consumer, network: network)
    }
}
