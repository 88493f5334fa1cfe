/// Durations and amounts as they are written in a configuration.
extension Value {
    /// A whole number with a unit: `500ms`, `30s`, `10m`, `24h`, `7d`.
    package func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text() else { return nil }
        guard let duration = Self.duration(text) else {
            report(.invalid, "expected a duration as 30s, 10m, 24h or 7d, found \(ReadingContext.quote(text))")
            return nil
        }
        guard range.contains(duration) else {
            let bounds = "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
            report(.invalid, "\(ReadingContext.quote(text)) is not from \(bounds)")
            return nil
        }
        return duration
    }

    /// A decimal amount of gwei (10^9 wei) with at most nine decimals, in wei.
    func gwei(in range: ClosedRange<UInt64>) -> UInt64? {
        guard let plain, let wei = Self.wei(gwei: plain) else {
            report(.invalid, "expected an amount in gwei as 5 or 0.25, found \(kind)")
            return nil
        }
        guard range.contains(wei) else {
            let bounds = "\(Self.gwei(range.lowerBound)) to \(Self.gwei(range.upperBound)) gwei"
            report(.invalid, "\(ReadingContext.quote(plain)) is not from \(bounds)")
            return nil
        }
        return wei
    }

    static func duration(_ text: String) -> Duration? {
        let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard (1...9).contains(digits.count), let number = Int64(String(Substring(digits))) else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        case "d": return .seconds(number * 86400)
        default: return nil
        }
    }

    static func wei(gwei text: String) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } })
        else {
            return nil
        }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard parts[0].count <= 10, decimals.count <= 9 else { return nil }
        return UInt64(parts[0] + decimals + String(repeating: "0", count: 9 - decimals.count))
    }

    static func gwei(_ wei: UInt64) -> String {
        let (whole, rest) = wei.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard rest > 0 else { return "\(whole)" }
        let padded = String(String(1_000_000_000 + rest).dropFirst())
        return "\(whole)." + String(padded.reversed().drop { $0 == "0" }.reversed())
    }

    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        for (unit, length) in [("d", Int64(86400)), ("h", 3600), ("m", 60)] where seconds > 0 && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
}
