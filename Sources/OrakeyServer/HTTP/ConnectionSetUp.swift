import Glibc
import LocalSockets
import Logging
import NIOCore
import NIOHTTP1
import OrakeyCore

/// What happens to a connection before its first request: who is at the other end, may they have another one, and which
/// handlers come first.
struct ConnectionSetUp: Sendable {
    private let router: any Router
    private let plainKeys: (any PlainKeySource)?
    private let limits: ServerLimits
    private let log: Logger
    private let connections: ConnectionBook

    init(router: any Router, limits: ServerLimits, log: Logger, connections: ConnectionBook) {
        self.router = router
        plainKeys = router as? any PlainKeySource
        self.limits = limits
        self.log = log
        self.connections = connections
    }

    func begin(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider else { return channel.close() }
        return PeerReader.credentials(of: socket).flatMap { credentials in
            let needs = router.peerNeeds
            // The connection's own, and that of the process at its other end.
            let descriptors = needs.processDetails ? 2 : 1
            guard connections.admit(channel, userID: credentials.userID, needing: descriptors) else {
                return channel.close()
            }
            let process = PeerProcess.of(socket, credentials)
            guard needs.processDetails || needs.groups || plainKeys == nil else {
                return process.flatMapThrowing { process in
                    try addFront(
                        to: channel, ConnectionPeer(credentials: credentials, process: process.withoutDescriptor()))
                }
            }
            return process.and(PeerReader.groups(of: socket)).flatMapThrowing { process, groups in
                let peer = ConnectionPeer(
                    credentials: credentials, process: needs.processDetails ? process : process.withoutDescriptor())
                peer.supplementaryGroups = groups
                // What only /proc tells is asked at each request, which is the pipeline's business.
                if !needs.processDetails, plainKeys != nil {
                    try addFront(to: channel, peer)
                } else {
                    try addPipeline(to: channel, peer)
                }
            }
        }
    }

    private func addFront(to channel: any Channel, _ peer: ConnectionPeer) throws {
        guard let plainKeys else { return try addPipeline(to: channel, peer) }
        let handler = FrontHandler(source: plainKeys, peer: peer, idleTime: .seconds(limits.idleSeconds)) {
            try addPipeline(to: channel, peer)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
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
