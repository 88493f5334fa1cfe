import OrakeyAPI
import OrakeyCore
import OrakeyKey
import OrakeyProxy

/// The Prometheus text exposition format, version 0.0.4.
struct MetricsText {
    private(set) var text = ""

    /// One family: its help and type, then its samples.
    mutating func family(
        _ name: String, _ type: String, _ help: String, _ samples: [(labels: [(String, String)], value: String)]
    ) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Everything the service tells about itself.
    static func render(
        status: Status, counts: [(network: NetworkName, state: OrakeyCore.KeyState, count: Int)],
        handouts: HandoutCounters.Snapshot, startedAt: Timestamp, proxy: [(key: UsageKey, row: UsageRow)] = []
    ) -> String {
        var metrics = MetricsText()
        metrics.family("orakeyd_build_info", "gauge", "The running version.", [([("version", status.version)], "1")])
        metrics.family(
            "orakeyd_start_time_seconds", "gauge", "When the service started, in seconds since 1970.",
            [([], String(startedAt.milliseconds / 1000))])
        metrics.family(
            "orakeyd_locked", "gauge", "Whether the wallet is locked.", [([], status.state == .locked ? "1" : "0")])
        metrics.networks(status.networks)
        metrics.family(
            "orakeyd_keys", "gauge", "Keys by state.",
            counts.map { ([("network", $0.network.description), ("state", $0.state.rawValue)], String($0.count)) })
        metrics.family(
            "orakeyd_consumer_generation", "gauge", "How many keys a consumer has been given.",
            status.consumers.map { ([("consumer", $0.name), ("network", $0.network)], String($0.generation ?? 0)) })
        metrics.family(
            "orakeyd_handouts_total", "counter", "Keys handed out.",
            handouts.served.sorted { ($0.key.name, $0.key.network) < ($1.key.name, $1.key.network) }
                .map { ([("consumer", $0.key.name), ("network", $0.key.network)], String($0.value)) })
        metrics.family(
            "orakeyd_denied_total", "counter", "Requests of processes that no rule allows.",
            [([], String(handouts.denied))])
        metrics.family(
            "orakeyd_refused_total", "counter", "Requests of consumers that could not be served, by reason.",
            handouts.refused.sorted { $0.key < $1.key }.map { ([("code", $0.key)], String($0.value)) })
        metrics.proxy(proxy)
        return metrics.text
    }

    private mutating func networks(_ networks: [NetworkStatus]) {
        func samples(_ value: (NetworkStatus) -> String?) -> [(labels: [(String, String)], value: String)] {
            networks.compactMap { network in value(network).map { ([("network", network.network)], $0) } }
        }
        family("orakeyd_head_block", "gauge", "The newest block seen.", samples { $0.head.map { String($0) } })
        family(
            "orakeyd_head_age_seconds", "gauge", "Age of the newest block seen.",
            samples { $0.headAgeSeconds.map { String($0) } })
        family(
            "orakeyd_balance_wei", "gauge", "The account's balance, as last read.", samples { $0.balance })
        family("orakeyd_pool_keys", "gauge", "Keys ready to be handed out.", samples { String($0.pool.ready) })
        family(
            "orakeyd_pool_target", "gauge", "How many keys the pool should have.", samples { String($0.pool.target) })
        family(
            "orakeyd_pending_intents", "gauge", "Creates and disables that have not ended.",
            samples { String($0.pendingIntents) })
        let standing = Dictionary(
            uniqueKeysWithValues: networks.map { ($0.network, Set($0.alarms.map(\.code))) })
        family(
            "orakeyd_alarm", "gauge", "Whether an alarm stands.",
            networks.flatMap { network in
                OrakeyCore.Alarm.Code.allCases.map { code in
                    let stands = standing[network.network]?.contains(code.rawValue) ?? false
                    return ([("network", network.network), ("code", code.rawValue)], stands ? "1" : "0")
                }
            })
        family(
            "orakeyd_endpoint_up", "gauge", "Whether an RPC endpoint is in use.",
            networks.flatMap { network in
                network.endpoints.enumerated().map { index, endpoint in
                    (
                        [("network", network.network), ("endpoint", endpoint.url), ("index", String(index))],
                        endpoint.healthy ? "1" : "0"
                    )
                }
            })
    }
}
