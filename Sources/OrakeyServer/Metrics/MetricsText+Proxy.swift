import OrakeyProxy
import PrometheusText

extension MetricsText {
    /// What went through the proxy.
    mutating func proxy(_ rows: [(key: UsageKey, row: UsageRow)]) {
        func labels(_ key: UsageKey, _ more: (String, String)...) -> [(String, String)] {
            [
                ("consumer", key.consumer), ("network", key.network), ("model", key.model),
                ("fingerprint", key.fingerprint),
            ] + more
        }
        func seconds(_ milliseconds: UInt64) -> String { String(Double(milliseconds) / 1000) }
        family(
            "orakeyd_proxy_requests_total", .counter, "Requests through the proxy; status 0: the answer broke off.",
            rows.flatMap { key, row in
                row.statuses.sorted { $0.key < $1.key }
                    .map { Sample(labels(key, ("status", String($0.key))), $0.value) }
            })
        family(
            "orakeyd_proxy_tokens_total", .counter, "Tokens that answers through the proxy report.",
            rows.flatMap { key, row in
                [
                    Sample(labels(key, ("kind", "prompt")), row.promptTokens),
                    Sample(labels(key, ("kind", "completion")), row.completionTokens),
                ]
            })
        family(
            "orakeyd_proxy_bytes_total", .counter, "Bytes of bodies through the proxy.",
            rows.flatMap { key, row in
                [
                    Sample(labels(key, ("direction", "up")), row.bytesUp),
                    Sample(labels(key, ("direction", "down")), row.bytesDown),
                ]
            })
        family(
            "orakeyd_proxy_seconds_total", .counter, "Time from a request's head to the last byte of its answer.",
            rows.map { Sample(labels($0), seconds($1.milliseconds)) })
        family(
            "orakeyd_proxy_first_byte_seconds_total", .counter, "Time from a request's head to its answer's.",
            rows.map { Sample(labels($0), seconds($1.firstByteMilliseconds)) })
    }
}
