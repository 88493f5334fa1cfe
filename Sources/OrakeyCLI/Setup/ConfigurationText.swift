import EthereumCore
import OrakeyConfig
import OrakeyKey

/// The text of a configuration that `orakey init` writes, and the one change it makes to an existing file.
enum ConfigurationText {
    struct Network {
        var name: NetworkName
        var chainID: UInt64
        var rpc: [EndpointURL]
        var contract: Address?
        var confirmations: UInt64?
    }

    static func render(wallet: String, network: Network) -> String {
        var lines = [
            "# Written by orakey init. Every setting is explained in orakeyd.yaml(5) and in the sample orakeyd.yaml.",
            "wallet: { keystore: \(quoted(wallet)) }",
            "networks:",
            "  \(network.name):",
            "    chain_id: \(network.chainID)",
            "    rpc: [\(network.rpc.map { quoted($0.string) }.joined(separator: ", "))]",
        ]
        if let contract = network.contract { lines.append("    contract: \"\(contract)\"") }
        if let confirmations = network.confirmations { lines.append("    confirmations: \(confirmations)") }
        lines.append("# Without consumers: there is one, `default`: the service's own user and root.")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text with `contract:` added to a network that is written in block style; nil where that is not clear.
    static func adding(contract: Address, to network: NetworkName, in text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let networks = lines.firstIndex(where: { bare($0) == "networks:" }) else { return nil }
        let heads = lines.indices.filter { $0 > networks && bare(lines[$0]) == "  \(network):" }
        guard heads.count == 1, let head = heads.first else { return nil }
        guard let next = lines[(head + 1)...].first(where: { !$0.isEmpty }) else { return nil }
        let indent = next.prefix { $0 == " " }
        guard indent.count > 2 else { return nil }
        lines.insert("\(indent)contract: \"\(contract)\"", at: head + 1)
        return lines.joined(separator: "\n")
    }

    /// A line without comment and trailing blanks.
    private static func bare(_ line: String) -> String {
        var text = line.firstIndex(of: "#").map { String(line[..<$0]) } ?? line
        while text.last == " " { text.removeLast() }
        return text
    }

    /// A double-quoted YAML scalar.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count == 1 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
