import LocalSockets
import OrakeyCore
import OrakeyKey
import OrakeyProxy

/// Puts the metrics together, for the control socket and for the listener of its own.
struct MetricsSource: Sendable {
    let agent: KeyAgent
    let version: String
    let startedAt: Timestamp
    let counters: HandoutCounters
    /// What went through the proxy, where there is one.
    let usage: UsageBook?

    /// A journal that can't be read takes its counts with it; what is wrong is to be seen all the same.
    func text() async throws -> String {
        let report = MetricsReport(
            version: version, startedAt: startedAt, now: await agent.now, isLocked: await agent.isLocked,
            networks: await agent.networkStatus(), consumers: await agent.consumerStatus(),
            keys: (try? await agent.keyCounts()) ?? [], intents: (try? await agent.intentCounts()) ?? [],
            tallies: await agent.tallies.sorted { $0.key.description < $1.key.description }.map { ($0.key, $0.value) },
            sockets: counters.snapshot,
            connections: [
                ("agent", counters.agentConnections.reading), ("control", counters.controlConnections.reading),
            ], usage: usage?.rows ?? [], process: .now)
        return report.text
    }
}

/// The metrics for the listener of their own. Renders at most once a second, whoever asks how often: the port is open to every local user.
public actor MetricsPage {
    private static let longestLife = Duration.seconds(1)

    private let source: MetricsSource
    private let clock = ContinuousClock()
    private var current: (task: Task<String, any Error>, begun: ContinuousClock.Instant)?

    init(_ source: MetricsSource) { self.source = source }

    func text() async throws -> String {
        let now = clock.now
        if let current, now - current.begun < Self.longestLife { return try await current.task.value }
        let task = Task { [source] in try await source.text() }
        current = (task, now)
        return try await task.value
    }
}
