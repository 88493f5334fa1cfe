import CLinuxShims
import Dispatch
import EthereumProof
import EthereumRPC
import EthereumWallet
import Glibc
import LocalSockets
import Logging
import NIOCore
import NIOPosix
import OrakeyAPI
import OrakeyConfig
import OrakeyCore
import OrakeyHost
import OrakeyKey
import OrakeyServer
import OrakeyStore
import ServiceLifecycle
import StrictJSON
import UnixSignals

/// The composition root: puts the parts together, starts them, and ends them in order.
struct Daemon {
    let options: Orakeyd
    let configuration: Configuration
    let environment: HostEnvironment

    func run() async throws {
        let log = LogOutput.logger("orakeyd", format: options.logFormat, level: options.logLevel)
        guard let statePath = environment.stateDirectory(option: options.stateDir, configuration: configuration) else {
            throw StateDirectoryError.none
        }
        let walletPath = configuration.wallet.keystore
        // What can fail fails first: folders, locks, sockets, the wallet file. Only then is anything opened for writing.
        _ = try WalletFile.read(walletPath)
        let state = try StateDirectory(statePath)
        let sockets = try Sockets.bind(options: options, configuration: configuration, environment: environment)
        // Also where the start fails further on: a socket that nobody serves would mislead clients.
        defer { sockets.remove() }
        let proxySockets = try ProxySockets.bind(configuration: configuration, environment: environment)
        defer { proxySockets?.remove() }
        let journal = SQLiteJournal(lazilyAt: state.journalPath)

        let builder = try ProfileBuilder(configuration: configuration)
        let consumers = configuration.consumers(daemonUser: environment.userID)
        let clock = SystemWallClock()
        let board = HandoutBoard(clock: clock)
        let audit = AuditLog(
            journal: journal, clock: clock, retention: .init(records: configuration.audit.keepRecords))
        let agent = try KeyAgent(
            journal: journal, profiles: builder.profiles, dormant: builder.dormant, consumers: consumers, clock: clock,
            board: board, log: log, audit: audit)
        // Where the journal can't be written, the service shows that as an alarm and hands out nothing.
        do { try audit.append([.started(version: orakeyVersion)]) } catch {
            log.error("the audit can't be written", metadata: ["error": "\(error)"])
        }
        let auditor = HandoutAuditor(
            sink: audit, clock: clock, isRequired: configuration.audit.isRequired, log: log)

        let gate = UnlockGate(clock: clock)
        let unlock: @Sendable (SecretBytes) async throws -> Void = { passphrase in
            // Read anew each time: orakey wallet passwd may have changed the passphrase meanwhile.
            try await gate.attempt {
                let locks = await agent.lockCount
                do {
                    let wallet = try await Self.open(walletPath, passphrase)
                    try await agent.unlock(with: wallet, unlessLockedSince: locks)
                } catch {
                    await agent.record(.unlockRefused(reason: "\(error)"))
                    throw error
                }
            }
        }
        try await RevokerOpening.open(configuration.revoker, for: agent, log: log)
        if let passphrase = try options.passphrase() {
            try await unlock(passphrase)
        } else {
            log.notice("no passphrase given: starting locked", metadata: ["hint": "orakey unlock"])
        }
        if !SecretBytes.memoryIsLocked {
            log.warning("secrets may reach swap space: raise RLIMIT_MEMLOCK (LimitMEMLOCK= of the unit)")
        }

        var limits = ServerLimits()
        limits.connectionsPerUser = configuration.limits.connectionsPerUser
        limits.idleSeconds = configuration.limits.idleTimeout.components.seconds
        let descriptors = DescriptorLimit.raise(proxyFronts: proxySockets?.fronts ?? 0)
        let policy = PolicyBox(Policy(consumers: consumers))
        let locker = AutoLocker(configuration.lock, agent: agent, activity: auditor.activity, clock: clock)
        let reloader = Reloader(
            configuration: configuration, agent: agent, policy: policy, locker: locker, environment: environment,
            log: log)
        let control = ControlContext(
            version: orakeyVersion, startedAt: clock.now, allowedUsers: [environment.userID],
            allowedGroups: configuration.listen.controlGroup.map { [$0] } ?? [],
            reload: { try await reloader.reload() },
            proof: { key in
                guard let client = builder.clients[key.network] else {
                    throw AgentError(.unknownNetwork, "no network \(key.network) is configured")
                }
                let maker = ProofMaker(client: client, profile: try await agent.profile(of: key.network))
                return try await maker.proof(of: key).json
            }, unlock: unlock)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var proxy: ProxyService?
        if let proxySockets, let settings = configuration.proxy {
            proxy = try await ProxyService.start(
                proxySockets, settings: settings, board: board, policy: policy, auditor: auditor, clock: clock,
                limits: limits, connectionsPerFront: descriptors.proxyFront, log: log)
        }
        let services = OrakeyServer.Service.pair(
            agent, policy: policy, auditor: auditor, context: control, proxy: proxy?.context)
        var metrics: MetricsServer?
        if let place = configuration.metrics.listen {
            metrics = try await MetricsServer.start(
                host: place.host, port: place.port, group: group, metrics: services.metrics, log: log)
        }
        let servers = ServerService(
            endpoints: [
                .init(
                    descriptor: sockets.agent, service: services.agent,
                    limits: limits.with(descriptors: descriptors.agent)),
                .init(
                    descriptor: sockets.control, service: services.control,
                    limits: limits.with(descriptors: descriptors.control)),
            ], group: group, log: log,
            onReady: {
                SystemdNotification.ready()
                orakey_drop_code_pages()
                log.notice(
                    "ready",
                    metadata: [
                        "agent": "\(sockets.agentPath)", "control": "\(sockets.controlPath)",
                        "version": "\(orakeyVersion)",
                    ])
            })
        let workers = WorkerService(
            workers: builder.clients.map { NetworkWorker(agent: agent, network: $0.key, client: $0.value, log: log) })

        let lifecycle = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: ReloadService(reloader: reloader)), .init(service: AuditService(auditor: auditor)),
                    .init(service: locker), .init(service: workers), .init(service: servers),
                ] + (proxy.map { [.init(service: $0)] } ?? []),
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: log))
        try await lifecycle.run()
        await metrics?.stop()
        await auditor.turn()
        await agent.lock(reason: "the service ends")
        await agent.record(.stopped)
        try journal.close()
        try? await group.shutdownGracefully()
        log.notice("stopped")
    }

    /// scrypt takes most of a second and a quarter of a gigabyte: never on a thread that others wait for.
    static func open(_ path: String, _ passphrase: SecretBytes) async throws -> UnlockedWallet {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                do throws(WalletError) {
                    continuation.resume(returning: try WalletFile.read(path).unlock(passphrase: passphrase))
                } catch .wrongPassphrase {
                    continuation.resume(throwing: AgentError(.wrongPassphrase, "\(WalletError.wrongPassphrase)"))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}

/// The sockets as services: served until the shutdown begins, then drained.
struct ServerService: ServiceLifecycle.Service {
    struct Endpoint: Sendable {
        let descriptor: Int32
        let service: OrakeyServer.Service
        let limits: ServerLimits
    }

    /// How long requests in flight may take once the service is to end.
    static let grace: Duration = .seconds(5)

    let endpoints: [Endpoint]
    let group: MultiThreadedEventLoopGroup
    let log: Logger
    let onReady: @Sendable () -> Void

    func run() async throws {
        var servers: [HTTPServer] = []
        for endpoint in endpoints {
            servers.append(
                try await HTTPServer.start(
                    on: endpoint.descriptor, group: group, service: endpoint.service, limits: endpoint.limits,
                    log: log))
        }
        onReady()
        try? await gracefulShutdown()
        for server in servers { await server.stop(grace: Self.grace) }
    }
}

/// The networks' workers as one service. Stopping at any point is safe: every step is journaled before it happens.
struct WorkerService: ServiceLifecycle.Service {
    let workers: [NetworkWorker]

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.run() } }
            group.addTask { try? await gracefulShutdown() }
            // Workers never end by themselves; the first to end is the shutdown.
            await group.next()
            group.cancelAll()
        }
    }
}

/// SIGHUP reads the configuration anew, however often it comes.
struct ReloadService: ServiceLifecycle.Service {
    let reloader: Reloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // Refused reloads are in the log; the service goes on as it was.
            try? await reloader.reload()
        }
    }
}
