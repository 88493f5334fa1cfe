import NIOCore
import OrakeyCore

/// What a router can answer without an HTTP parser.
protocol PlainKeySource: Sendable {
    /// Writes the whole response, head and body, for a peer who may have a key right now. May not block.
    ///
    /// - Parameter isRecorded: ``recordPlainKey(for:)`` was called for this very request.
    func writePlainKey(for peer: Peer, asText: Bool, isRecorded: Bool, to buffer: inout ByteBuffer) -> PlainKey
    /// Makes the record that a first hand-out waits for.
    func recordPlainKey(for peer: Peer) async
    var peerNeeds: PeerNeeds { get }
}

/// What became of a request for a key.
enum PlainKey: Sendable {
    case written
    /// The key may be had once that is on record.
    case unrecorded
    /// Anything else is to be said.
    case elsewhere
}
