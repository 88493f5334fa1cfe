import LocalSockets
import OrakeyAPI
import OrakeyCore
import OrakeyKey
import OrakeyProxy
import PrometheusText

/// Everything the service tells about itself, from what was read a moment ago.
struct MetricsReport {
    typealias Sample = MetricsText.Sample

    let version: String
    let startedAt: Timestamp
    let now: Timestamp
    let isLocked: Bool
    let networks: [KeyAgent.NetworkStatus]
    let consumers: [KeyAgent.ConsumerStatus]
    let keys: [KeyCount]
    let intents: [IntentCount]
    let tallies: [(network: NetworkName, tally: Tally)]
    let sockets: HandoutCounters.Snapshot
    let connections: [(socket: String, meter: ConnectionMeter.Reading)]
    let usage: [(key: UsageKey, row: UsageRow)]
    let process: ProcessReading

    var text: String {
        var metrics = MetricsText()
        service(&metrics)
        chain(&metrics)
        endpoints(&metrics)
        keys(&metrics)
        sockets(&metrics)
        metrics.proxy(usage)
        process.write(to: &metrics)
        return metrics.text
    }

    private func service(_ metrics: inout MetricsText) {
        metrics.family(
            "orakeyd_build_info", .gauge, "The running version.", [Sample([("version", version)], 1)])
        metrics.single(
            "process_start_time_seconds", .gauge, "When the service started, in seconds since 1970.",
            startedAt.milliseconds / 1000)
        metrics.family("orakeyd_locked", .gauge, "Whether the wallet is locked.", [Sample([], isLocked)])
    }

    // MARK: - Chain

    /// One sample for each network that has a value.
    private func each(_ value: (KeyAgent.NetworkStatus) -> (some CustomStringConvertible)?) -> [Sample] {
        networks.compactMap { status in value(status).map { Sample(Self.label(status.profile.name), $0) } }
    }

    private static func label(_ network: NetworkName) -> [(String, String)] { [("network", network.description)] }

    private func chain(_ metrics: inout MetricsText) {
        metrics.family("orakeyd_head_block", .gauge, "The newest block seen.", each { $0.view?.head.number })
        metrics.family(
            "orakeyd_head_age_seconds", .gauge, "Age of the newest block seen, by its timestamp.",
            each { $0.view.map { max(0, now.milliseconds / 1000 - Int64(clamping: $0.head.timestamp)) } })
        metrics.family(
            "orakeyd_view_age_seconds", .gauge, "Time since the chain was last read without an error.",
            each { $0.viewedAt.map { max(0, now.seconds(since: $0)) } })
        metrics.family("orakeyd_balance_wei", .gauge, "The account's balance, as last read.", each { $0.balance })
        metrics.family("orakeyd_pool_keys", .gauge, "Keys ready to be handed out.", each { $0.poolReady })
        metrics.family(
            "orakeyd_pool_pending_keys", .gauge, "Keys for the pool whose create is on its way.",
            each { $0.poolPending })
        metrics.family(
            "orakeyd_pool_target_keys", .gauge, "How many keys the pool should have.", each { $0.profile.poolTarget })
        metrics.family(
            "orakeyd_pending_intents", .gauge, "Creates and disables that have not ended.", each { $0.pendingIntents })
        metrics.family(
            "orakeyd_alarm", .gauge, "Whether an alarm stands.",
            networks.flatMap { status in
                let standing = Set(status.alarms.map(\.code))
                return Alarm.Code.allCases.map { code in
                    Sample(Self.label(status.profile.name) + [("code", code.rawValue)], standing.contains(code))
                }
            })
    }

    private func endpoints(_ metrics: inout MetricsText) {
        func each(_ value: (EndpointReport) -> some CustomStringConvertible) -> [Sample] {
            networks.flatMap { status in
                status.endpoints.enumerated().map { index, endpoint in
                    let place = [("endpoint", endpoint.url), ("index", String(index))]
                    return Sample(Self.label(status.profile.name) + place, value(endpoint))
                }
            }
        }
        metrics.family(
            "orakeyd_endpoint_up", .gauge, "Whether an RPC endpoint is in use.", each { $0.isHealthy ? 1 : 0 })
        metrics.family(
            "orakeyd_rpc_answers_total", .counter, "Exchanges with an RPC endpoint that gave an answer.",
            each { $0.answers })
        metrics.family(
            "orakeyd_rpc_errors_total", .counter, "Exchanges with an RPC endpoint that failed.", each { $0.failures })
        metrics.family(
            "orakeyd_rpc_latency_seconds", .gauge, "Smoothed time of an exchange with an RPC endpoint.",
            each { $0.latency })
    }

    // MARK: - Keys

    private func keys(_ metrics: inout MetricsText) {
        metrics.family(
            "orakeyd_keys", .gauge, "Keys in the journal by state.",
            keys.map { Sample(Self.label($0.network) + [("state", $0.state.rawValue)], $0.count) })
        metrics.family(
            "orakeyd_intents", .gauge, "Intents in the journal by kind and state.",
            intents.map {
                Sample(
                    Self.label($0.network) + [("kind", $0.kind.rawValue), ("state", $0.state.rawValue)], $0.count)
            })
        metrics.family(
            "orakeyd_consumer_generation", .gauge, "How many keys a consumer has been given.",
            consumers.map { Sample(Self.label(of: $0.name, on: $0.network.description), $0.generation) })
        metrics.family(
            "orakeyd_rotations_total", .counter, "Keys that were replaced and retired.",
            tallies.map { Sample(Self.label($0.network), $0.tally.rotations) })
        metrics.family(
            "orakeyd_revocations_total", .counter, "Keys that were taken out of circulation at once.",
            tallies.map { Sample(Self.label($0.network), $0.tally.revocations) })
    }

    private static func label(of consumer: String, on network: String) -> [(String, String)] {
        [("consumer", consumer), ("network", network)]
    }

    // MARK: - Sockets

    private func sockets(_ metrics: inout MetricsText) {
        metrics.family(
            "orakeyd_handouts_total", .counter, "Keys handed out.",
            sockets.served.sorted { ($0.key.name, $0.key.network) < ($1.key.name, $1.key.network) }
                .map { Sample(Self.label(of: $0.key.name, on: $0.key.network), $0.value) })
        metrics.single(
            "orakeyd_denied_total", .counter, "Requests of processes that no rule allows.", sockets.denied)
        metrics.family(
            "orakeyd_refused_total", .counter, "Requests of consumers that could not be served, by reason.",
            sockets.refused.sorted { $0.key < $1.key }.map { Sample([("code", $0.key)], $0.value) })
        metrics.family(
            "orakeyd_connections", .gauge, "Open connections.",
            connections.map { Sample([("socket", $0.socket)], $0.meter.open) })
        metrics.family(
            "orakeyd_connections_accepted_total", .counter, "Connections that were accepted.",
            connections.map { Sample([("socket", $0.socket)], $0.meter.accepted) })
        metrics.family(
            "orakeyd_connections_refused_total", .counter, "Connections that were closed at once: too many were open.",
            connections.map { Sample([("socket", $0.socket)], $0.meter.refused) })
    }
}
