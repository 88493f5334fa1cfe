public import EthereumCore
public import EthereumWallet
public import OrakeyConfig
public import OrakeyKey

/// The whole configuration of orakey-gateway, checked: every value has been parsed, defaults are filled in, paths are
/// absolute, and the parts do not contradict each other.
public struct GatewaySettings: Equatable, Sendable {
    /// The absolute path of the file this was read from.
    public var file: String
    /// Where requests are served.
    public var listen: [ListenAddress]
    /// Where metrics and usage are told; nil for nowhere.
    public var metrics: ListenAddress?
    /// The networks in the order of the file. Never empty; names are unique.
    public var networks: [GatewayNetwork]
    /// Threads that serve requests.
    public var threads: Int
    /// The reverse proxy's role.
    public var service: ServiceSettings
    /// Bounds on clients and owners.
    public var limits: GatewayLimits
    /// Owners with limits of their own.
    public var owners: [Address: OwnerPolicy]
    /// The directory of the gateway's state, where the file names one.
    public var stateDirectory: String?
}

/// One entry of `networks:`, a chain on which a contract issues keys that are served here.
public struct GatewayNetwork: Equatable, Sendable {
    /// The prefix of the network's keys.
    public var name: NetworkName
    /// The chain id (EIP-155).
    public var chainID: UInt64
    /// The JSON-RPC endpoints in order of preference.
    public var rpc: [EndpointURL]
    /// How many endpoints have to agree on a read.
    public var quorum: Int
    /// The key contract.
    public var contract: Address
    /// No event of the contract is older than this block.
    public var firstBlock: UInt64
    /// When a create counts.
    public var confirmations: Confirmations
    /// The longest time between two looks at the chain.
    public var pollInterval: Duration
    /// How long ago the last look may be.
    public var maximumChainAge: Duration
    /// How old the newest block may be; nil for chains that make blocks on demand.
    public var maximumHeadAge: Duration?
    /// How a key string is laid out.
    public var layout: KeyLayout
    /// How the contract's message is signed.
    public var signing: SigningScheme
    /// The events of a contract that is not the reference contract.
    public var abi: EventNames?
}

/// `abi:`, the events of a contract that does the work of the reference contract under other names.
public struct EventNames: Equatable, Sendable {
    /// The absolute path of the ABI's JSON file.
    public var file: String
    /// The event that announces a created key.
    public var created: String
    /// The event that announces a disabled key.
    public var disabled: String
}

/// `limits:`.
public struct GatewayLimits: Equatable, Sendable {
    /// What every owner may use up.
    public var owner = OwnerPolicy()
    /// For how many keys the signer is remembered.
    public var cachedKeys = 65_536
    /// Connections at one time.
    public var connections = 4096
    /// How long a connection may stay without a request.
    public var idleTimeout = Duration.seconds(60)

    public init() {}
}

/// A TCP address to listen on.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A numeric address, without brackets.
    public let host: String
    /// The port; 0 for any.
    public let port: Int

    /// Why a text is not an address to listen on.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public let description = "expected ADDRESS:PORT as 127.0.0.1:8787 or [::1]:8787, with a numeric address"
    }

    /// `127.0.0.1:8787` or `[::1]:8787`.
    public init(_ text: String) throws(Invalid) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            text[text.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw Invalid() }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit && $0.isASCII || $0 == ":" || $0 == "." }) else {
                throw Invalid()
            }
        } else {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil && $0.count <= 3 && !$0.hasPrefix("+") }) else {
                throw Invalid()
            }
        }
        self.host = String(host)
        self.port = Int(port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this host can reach it.
    var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }
}
