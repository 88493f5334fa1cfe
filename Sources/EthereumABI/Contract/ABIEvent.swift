public import EthereumCore

/// An event of a contract; its logs keep indexed parameters in topics and the others in the data.
///
/// Standard: Contract ABI Specification, "Events" and "Encoding of Indexed Event Parameters".
public struct ABIEvent: Hashable, Sendable {
    /// The name without parameters.
    public let name: String
    /// The parameters in declared order.
    public let inputs: [ABIParameter]
    /// Whether the first topic is not the signature's hash.
    public let isAnonymous: Bool
    /// The Keccak-256 hash of ``signature``: the first topic of every log, unless the event is anonymous.
    public let topic0: Bytes32

    /// Parameters that stand in the data.
    let data: ABICodec
    /// Positions of the indexed parameters, and one codec for each.
    let indexed: [(position: Int, layout: ABILayout)]

    /// `name(type,type)`.
    public var signature: String { name + ABIType.canonical(inputs) }

    /// Creates an event.
    ///
    /// - Throws: ``ABIError``; at most three parameters are indexed, four when the event is anonymous.
    public init(name: String, inputs: [ABIParameter], isAnonymous: Bool = false) throws(ABIError) {
        try SignatureScanner.checkIdentifier(name)
        self.name = name
        self.inputs = inputs
        self.isAnonymous = isAnonymous
        data = try ABICodec(inputs.filter { !$0.isIndexed }, named: true)
        var indexed: [(position: Int, layout: ABILayout)] = []
        for (position, parameter) in inputs.enumerated() where parameter.isIndexed {
            indexed.append((position, try ABILayout(parameter.type)))
        }
        guard indexed.count <= (isAnonymous ? 4 : 3) else {
            throw ABIError(
                .invalidSignature, "the event \(name) has \(indexed.count) indexed parameters; a log has 4 topics")
        }
        self.indexed = indexed
        topic0 = Keccak256.hash(Array((name + ABIType.canonical(inputs)).utf8))
    }

    /// Parses `event Transfer(address indexed from, address indexed to, uint256 value)`; the word `event` may be missing.
    ///
    /// - Throws: ``ABIError`` with code `invalidType` or `invalidSignature`.
    public init(signature: String) throws(ABIError) {
        var scanner = SignatureScanner(signature)
        try self.init(&scanner)
    }

    /// How many topics a log of this event has.
    public var topicCount: Int { indexed.count + (isAnonymous ? 0 : 1) }

    /// Whether a log with these topics can be one of this event.
    public func matches(topics: [Bytes32]) -> Bool {
        topics.count == topicCount && (isAnonymous || topics.first == topic0)
    }

    /// The values of a log in declared order. Indexed parameters of dynamic and compound types are
    /// ``ABIValue/topicHash(_:)``, since a log does not hold their values.
    ///
    /// - Throws: ``ABIError``; codes `wrongSelector` and `wrongCount` when the log belongs to another event.
    public func decodeLog(
        topics: [Bytes32], data bytes: [UInt8], options: ABIDecodingOptions = .strict
    ) throws(ABIError) -> [ABIValue] {
        if !isAnonymous {
            guard topics.first == topic0 else {
                throw ABIError(.wrongSelector, "the first topic is not that of \(signature)")
            }
        }
        guard topics.count == topicCount else {
            throw ABIError(.wrongCount, "a log of \(name) has \(topicCount) topics, not \(topics.count)")
        }
        let unindexed: [ABIValue]
        do { unindexed = try data.decode(bytes, options: options) } catch { throw error.within(name) }
        var rest = unindexed.makeIterator()
        var topic = isAnonymous ? 0 : 1
        var values: [ABIValue] = []
        values.reserveCapacity(inputs.count)
        for (position, parameter) in inputs.enumerated() {
            if parameter.isIndexed {
                do {
                    values.append(
                        try value(ofTopic: topics[topic], as: indexed[topic - (isAnonymous ? 0 : 1)].layout, options))
                } catch { throw error.within(inputs.place(position)).within(name) }
                topic += 1
            } else if let value = rest.next() {
                values.append(value)
            }
        }
        return values
    }

    private func value(
        ofTopic topic: Bytes32, as layout: ABILayout, _ options: ABIDecodingOptions
    ) throws(ABIError) -> ABIValue {
        guard layout.root.kind.isWord else { return .topicHash(topic) }
        let bytes = topic.bytes
        let decoder = ABIDecoder(layout, dataSize: 32, options: options)
        return try unsafe decoder.word(layout.root, 0, at: 0, in: bytes.span.bytes)
    }
}

extension ABIEvent {
    /// Whether both have the same name, parameters and anonymity.
    public static func == (left: ABIEvent, right: ABIEvent) -> Bool {
        left.name == right.name && left.inputs == right.inputs && left.isAnonymous == right.isAnonymous
    }

    /// Hashes name, parameters and anonymity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(inputs)
        hasher.combine(isAnonymous)
    }
}

extension ABIEvent: CustomStringConvertible {
    /// The human-readable signature.
    public var description: String {
        "event " + name + ABIType.tuple(inputs).named + (isAnonymous ? " anonymous" : "")
    }
}
