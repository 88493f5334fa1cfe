public import EthereumWallet
import LocalSockets
public import OrakeyCore
public import StrictJSON

/// What a socket serves: the agent's or the control socket's calls.
public struct Service: Sendable {
    let router: any Router
    let connections: ConnectionMeter

    /// Both sockets of one agent: keys for consumers, and an operator's commands.
    public static func pair(
        _ agent: KeyAgent, policy: PolicyBox, auditor: HandoutAuditor, context: ControlContext,
        proxy: ProxyContext? = nil
    ) -> (agent: Service, control: Service, metrics: MetricsPage) {
        let counters = HandoutCounters()
        let metrics = MetricsSource(
            agent: agent, version: context.version, startedAt: context.startedAt, counters: counters,
            usage: proxy?.usage)
        return (
            Service(
                router: AgentRouter(
                    board: agent.board, policy: policy, counters: counters, auditor: auditor, proxy: proxy),
                connections: counters.agentConnections),
            Service(
                router: ControlRouter(
                    agent: agent, context: context, metrics: metrics, proxy: proxy, activity: auditor.activity,
                    denials: auditor.denials),
                connections: counters.controlConnections),
            MetricsPage(metrics)
        )
    }
}

/// What the control socket needs beside the agent.
public struct ControlContext: Sendable {
    public let version: String
    public let startedAt: Timestamp
    /// Users allowed on the control socket; root always is.
    public let allowedUsers: Set<UInt32>
    /// Groups allowed on the control socket.
    public let allowedGroups: Set<UInt32>
    /// Reads the configuration anew, all or nothing.
    public let reload: @Sendable () async throws -> Void
    /// The proof that a key was disabled, as JSON.
    public let proof: @Sendable (KeyRecord) async throws -> JSON
    /// Opens the wallet with a passphrase.
    public let unlock: @Sendable (SecretBytes) async throws -> Void

    public init(
        version: String, startedAt: Timestamp, allowedUsers: Set<UInt32>, allowedGroups: Set<UInt32>,
        reload: @escaping @Sendable () async throws -> Void,
        proof: @escaping @Sendable (KeyRecord) async throws -> JSON,
        unlock: @escaping @Sendable (SecretBytes) async throws -> Void
    ) {
        self.reload = reload
        self.proof = proof
        self.version = version
        self.startedAt = startedAt
        self.allowedUsers = allowedUsers
        self.allowedGroups = allowedGroups
        self.unlock = unlock
    }
}

/// A configuration that could not be taken over: it is wrong, or it changes what only a restart can change.
public struct ReloadRefused: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
