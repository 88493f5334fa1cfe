public import EthereumCore
import StrictJSON

/// An event of a contract.
public struct Log: Sendable, Hashable {
    /// The contract.
    public let address: Address
    /// Up to four indexed words, the first being the event's topic.
    public let topics: [Bytes32]
    /// The rest, ABI-encoded.
    public let data: [UInt8]
    /// The block's height; nil while pending, as the next four.
    public let blockNumber: UInt64?
    /// The block.
    public let blockHash: Bytes32?
    /// The transaction.
    public let transactionHash: Bytes32?
    /// The transaction's place in the block.
    public let transactionIndex: UInt64?
    /// The event's place in the block.
    public let logIndex: UInt64?
    /// Whether a reorganisation has taken it back.
    public let removed: Bool

    init(_ reader: AnswerReader) throws(RPCDecodingError) {
        address = try reader.member("address").address()
        let topics = try reader.member("topics")
        self.topics = try topics.list { (element) throws(RPCDecodingError) in try element.bytes32() }
        guard self.topics.count <= 4 else { throw topics.invalid("more than four topics") }
        data = try reader.member("data").bytes()
        blockNumber = try reader.optional("blockNumber")?.count()
        blockHash = try reader.optional("blockHash")?.bytes32()
        transactionHash = try reader.optional("transactionHash")?.bytes32()
        transactionIndex = try reader.optional("transactionIndex")?.count()
        logIndex = try reader.optional("logIndex")?.count()
        removed = try reader.optional("removed")?.bool() ?? false
    }
}

/// Which events are wanted (`eth_getLogs`).
public struct LogFilter: Sendable, Hashable {
    /// First block of a range; nil leaves it to the endpoint.
    public var fromBlock: BlockID?
    /// Last block of a range.
    public var toBlock: BlockID?
    /// One block in place of a range (EIP-234).
    public var blockHash: Bytes32?
    /// Any of these contracts; empty means all.
    public var addresses: [Address]
    /// For each position the topics of which one must be there; empty means any.
    public var topics: [[Bytes32]]

    /// Events from a range of blocks.
    public init(
        fromBlock: BlockID? = nil, toBlock: BlockID? = nil, addresses: [Address] = [], topics: [[Bytes32]] = []
    ) {
        self.fromBlock = fromBlock
        self.toBlock = toBlock
        self.addresses = addresses
        self.topics = topics
    }

    /// Events of one block (EIP-234).
    public init(blockHash: Bytes32, addresses: [Address] = [], topics: [[Bytes32]] = []) {
        self.blockHash = blockHash
        self.addresses = addresses
        self.topics = topics
    }

    var json: JSON {
        var object = JSONObject()
        if !addresses.isEmpty { object["address"] = .array(addresses.map { .string($0.lowercaseHex) }) }
        if let blockHash { object["blockHash"] = .string(blockHash.hex) }
        if let fromBlock { object["fromBlock"] = fromBlock.json }
        if let toBlock { object["toBlock"] = toBlock.json }
        if !topics.isEmpty {
            object["topics"] = .array(topics.map { $0.isEmpty ? .null : .array($0.map { .string($0.hex) }) })
        }
        return .object(object)
    }
}
