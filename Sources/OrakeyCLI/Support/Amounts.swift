import EthereumCore

/// Numbers as people read them.
enum Amounts {
    /// Wei as a decimal number of ether, exactly.
    static func ether(wei: String) -> String {
        guard !wei.isEmpty, wei.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return wei }
        let padded = String(repeating: "0", count: max(0, 19 - wei.count)) + wei
        let whole = padded.dropLast(18)
        var fraction = padded.suffix(18)
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole) ETH" : "\(whole).\(fraction) ETH"
    }

    static func ether(_ wei: UInt256) -> String { ether(wei: "\(wei)") }

    static func duration(seconds: UInt64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) days"
        }
    }

    static func count(_ number: Int, _ one: String) -> String { number == 1 ? "1 \(one)" : "\(number) \(one)s" }
}
