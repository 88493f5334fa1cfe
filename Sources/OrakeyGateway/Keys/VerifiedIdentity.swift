public import EthereumCore
public import OrakeyKey

/// Whose key a text is, as its signature proves.
public final class VerifiedIdentity: Sendable {
    /// The network that the text names.
    public let network: NetworkName
    /// The wallet that signed.
    public let owner: Address
    /// What it signed.
    public let message: Bytes32
    /// The network's place in the configuration.
    let networkIndex: Int
    /// Where the key stands in the table.
    let tag: KeyTag
    /// `X-Ora-` headers of the three parts, each with its line end.
    let headerLines: [UInt8]

    init(network: NetworkName, networkIndex: Int, owner: Address, message: Bytes32, tag: KeyTag) {
        self.network = network
        self.networkIndex = networkIndex
        self.owner = owner
        self.message = message
        self.tag = tag
        headerLines = Array(
            "X-Ora-Network: \(network)\r\nX-Ora-Owner: \(owner)\r\nX-Ora-Message: \(message)\r\n".utf8)
    }
}
