import OrakeyConfig
import Testing

/// A host with the users `chatbot` (1001) and `worker` (1002) and the group `ops` (2001).
let someUsers = UserDatabase(
    userID: { ["root": 0, "chatbot": 1001, "worker": 1002][$0] },
    groupID: { ["ops": 2001][$0] })

/// Parses a configuration in the file `/conf/orakeyd.yaml`.
func parse(_ text: String) throws -> Configuration {
    try Configuration.parse(text, file: "/conf/orakeyd.yaml", users: someUsers)
}

/// The problems of a configuration as `line:column code message`.
func problems(_ text: String) -> [String] {
    do {
        _ = try Configuration.parse(text, file: "/conf/orakeyd.yaml", users: someUsers)
        return []
    } catch {
        return error.problems.map { "\($0.line):\($0.column) \($0.code) \($0.message)" }
    }
}

/// A valid configuration of one network, with more lines for the network, which are indented by four.
func oneNetwork(_ more: String = "", top: String = "") -> String {
    """
    wallet: { keystore: wallet.json }
    networks:
      BASE:
        chain_id: 8453
        rpc: ["https://base.example/rpc"]
    \(more)
    \(top)
    """
}

let someAddress = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
