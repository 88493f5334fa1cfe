import Glibc
import LocalSockets
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import OrakeyCore

/// What happens to a connection before its first request: who is at the other end, may they have another one, and which
/// handlers come first.
struct ConnectionSetUp: Sendable {
    let router: any Router
    let limits: ServerLimits
    let log: Logger
    let connections: ConnectionBook

    /// A connection that was just accepted.
    func begin(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider else { return channel.close() }
        return PeerReader.credentials(of: socket).flatMap { credentials in
            let needs = router.peerNeeds
            guard connections.admit(channel, userID: credentials.userID, needing: needs.descriptors) else {
                return channel.close()
            }
            return PeerProcess.of(socket, credentials).and(PeerReader.groups(of: socket)).flatMapThrowing {
                process, groups in
                let peer = ConnectionPeer(
                    credentials: credentials, process: needs.processDetails ? process : process.withoutDescriptor())
                peer.supplementaryGroups = groups
                try addPipeline(to: channel, peer)
            }
        }
    }

    /// A connection that comes from the ``Door``, where it was counted already.
    func receive(_ departure: Departure, on group: any EventLoopGroup) {
        // Fails only where the group has ended, and the process is about to.
        ClientBootstrap(group: group).channelInitializer { channel in
            connections.adopt(channel, userID: departure.credentials.userID, needing: departure.descriptors)
            return channel.eventLoop.makeCompletedFuture {
                let peer = ConnectionPeer(credentials: departure.credentials, process: departure.process)
                peer.supplementaryGroups = departure.supplementaryGroups
                try channel.pipeline.syncOperations.addHandler(Arrival(departure))
                try addPipeline(to: channel, peer)
            }
        }.withConnectedSocket(departure.socket).whenFailure { _ in departure.unsent.wipe() }
    }

    private func addPipeline(to channel: any Channel, _ peer: ConnectionPeer) throws {
        // A client that has said all may still read: its answer is not lost.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 256 << 10))
        let pipeline = channel.pipeline.syncOperations
        // Whoever sends requests without reading the answers is not read from any more.
        try pipeline.addHandler(BackPressureHandler())
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: false)
        try pipeline.addHandler(ExchangeHandler(router: router, limits: limits, log: log, connection: peer))
    }
}

/// What a router wants to know of a peer beyond user and process.
struct PeerNeeds: Sendable {
    var groups: Bool
    /// Executable and unit.
    var processDetails: Bool

    static let none = PeerNeeds(groups: false, processDetails: false)

    /// A connection's own, and that of the process at its other end.
    var descriptors: Int { processDetails ? 2 : 1 }
}

/// The process at the other end of one connection. Lives on the connection's event loop.
final class ConnectionPeer {
    let credentials: PeerReader.Credentials
    /// nil until somebody asks.
    var supplementaryGroups: [gid_t]?
    private(set) var process: PeerProcess
    private var wasAskedAgain = false

    init(credentials: PeerReader.Credentials, process: PeerProcess) {
        self.credentials = credentials
        self.process = process
    }

    /// A reload has brought rules that need more of the process than was kept at accept: asks for it, once.
    func reopenProcess(on socket: any SocketOptionProvider) -> EventLoopFuture<Void>? {
        guard process.descriptor == nil, !wasAskedAgain else { return nil }
        wasAskedAgain = true
        return PeerProcess.of(socket, credentials).assumeIsolated().map { again in
            if again.number == self.process.number {
                self.process = again
            } else {
                _ = again.withoutDescriptor()
            }
        }.nonisolated()
    }

    /// Primary group first.
    var groups: [gid_t] { [credentials.groupID] + (supplementaryGroups ?? []) }

    deinit {
        if let descriptor = process.descriptor { close(descriptor) }
    }
}
