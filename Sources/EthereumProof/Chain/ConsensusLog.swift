public import EthereumCore

/// A log as receipts commit to it: without place and hashes, which JSON-RPC adds.
public struct ConsensusLog: Hashable, Sendable {
    /// The contract that wrote it.
    public let address: Address
    /// At most four; for an ordinary event the first is the hash of its signature.
    public let topics: [Bytes32]
    /// The arguments that are not indexed.
    public let data: [UInt8]

    /// - Throws: ``ProofError`` of code `malformed` for more than four topics.
    public init(address: Address, topics: [Bytes32], data: [UInt8]) throws(ProofError) {
        guard topics.count <= 4 else {
            throw ProofError(.malformed, "a log has \(topics.count) topics, at most 4 exist")
        }
        self.address = address
        self.topics = topics
        self.data = data
    }

    init(_ item: RLPItem) throws(ProofError) {
        let fields = try RLPFields(item, of: "a log", count: 3...3)
        var topics: [Bytes32] = []
        for topic in try fields.list(1) { topics.append(try RLPFields([topic], of: "a log's topics").bytes32(0)) }
        try self.init(address: try fields.address(0), topics: topics, data: try fields.bytes(2))
    }

    init(_ reader: AnswerReader) throws(ProofError) {
        var topics: [Bytes32] = []
        for topic in try reader.member("topics").elements() { topics.append(try topic.bytes32()) }
        try self.init(
            address: try reader.member("address").address(), topics: topics, data: try reader.member("data").bytes())
    }

    var item: RLPItem {
        .list([.bytes(address.bytes), .list(topics.map { .bytes($0.bytes) }), .bytes(data)])
    }
}
