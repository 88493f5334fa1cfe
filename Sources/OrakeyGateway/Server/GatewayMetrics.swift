import LocalSockets
import PrometheusText

/// What the gateway tells about itself, in the Prometheus text exposition format, version 0.0.4.
struct GatewayMetrics {
    let version: String
    let gatekeeper: Gatekeeper
    let lags: [LagGauge]
    let connections: ConnectionBook
    let usage: UsageBook

    /// The whole text.
    func render() -> String {
        typealias Sample = MetricsText.Sample
        var text = MetricsText()
        let tally = gatekeeper.tally
        let names = gatekeeper.networks.map { "\($0.name)" }
        func perNetwork(_ value: (Int) -> (some CustomStringConvertible)?) -> [Sample] {
            names.indices.compactMap { index in value(index).map { Sample([("network", names[index])], $0) } }
        }
        text.family(
            "orakey_gateway_build_info", .gauge, "The running version.", [Sample([("version", version)], 1)])
        text.family(
            "orakey_gateway_decisions_total", .counter, "Credentials judged, by result.",
            [Sample([("result", "granted")], tally.granted)]
                + tally.refused.sorted { $0.key < $1.key }.map { Sample([("result", $0.key)], $0.value) })
        text.single("orakey_gateway_keys", .gauge, "Keys known from the chain.", tally.keys)
        text.single("orakey_gateway_connections", .gauge, "Open connections of clients.", connections.count)
        text.family(
            "orakey_gateway_head_block", .gauge, "The newest block whose events are acted on.",
            perNetwork { tally.views[$0]?.head })
        text.family(
            "orakey_gateway_view_age_seconds", .gauge, "Time since the last look at the chain.",
            perNetwork { tally.viewAges[$0].map(Self.seconds) })
        text.family(
            "orakey_gateway_view_usable", .gauge, "Whether keys of the network can be judged.",
            zip(names, gatekeeper.currentViews).map { Sample([("network", $0)], $1 != nil) })
        text.family(
            "orakey_gateway_lag_seconds", .gauge,
            "How late the latest changes of the chain can have been acted on, at most.",
            perNetwork { lags[$0].lags.last.map(Self.seconds) })
        text.family(
            "orakey_gateway_lag_max_seconds", .gauge, "The longest of all lags since the start.",
            perNetwork { lags[$0].lags.longest.map(Self.seconds) })
        let byModel = usage.byModel
        func perModel(_ value: (UsageCount) -> some CustomStringConvertible) -> [Sample] {
            byModel.map { Sample([("model", $0.model)], value($0.count)) }
        }
        text.family("orakey_gateway_requests_total", .counter, "Requests passed on.", perModel { $0.requests })
        text.family(
            "orakey_gateway_failures_total", .counter, "Requests that were not answered with success.",
            perModel { $0.failures })
        text.family(
            "orakey_gateway_tokens_total", .counter, "Tokens, as the backends count them.",
            byModel.flatMap { model, count in
                [("prompt", count.promptTokens), ("completion", count.completionTokens)].map {
                    Sample([("model", model), ("kind", $0.0)], $0.1)
                }
            })
        text.family(
            "orakey_gateway_request_bytes_total", .counter, "Bytes of requests' bodies.", perModel { $0.bytesIn })
        text.family(
            "orakey_gateway_response_bytes_total", .counter, "Bytes of answers' bodies.", perModel { $0.bytesOut })
        text.family(
            "orakey_gateway_request_seconds_total", .counter, "Time that requests took altogether.",
            perModel { Double($0.milliseconds) / 1000 })
        return text.text
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeNanoseconds) / 1e9 }
}
