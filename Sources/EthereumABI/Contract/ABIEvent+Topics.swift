public import EthereumCore

extension ABIEvent {
    /// What a log filter asks of one indexed parameter.
    public enum TopicCondition: Hashable, Sendable {
        /// Any value.
        case any
        /// One of these values; dynamic and compound types are compared by hash.
        case oneOf([ABIValue])

        /// This value.
        public static func equal(_ value: ABIValue) -> TopicCondition { .oneOf([value]) }
    }

    /// The `topics` of an `eth_getLogs` filter: one entry a topic, nil for "any", else the permitted values.
    ///
    /// - Parameter conditions: one for each indexed parameter from the first; missing ones mean "any".
    /// - Throws: ``ABIError`` naming the parameter whose value does not fit its type.
    public func encodeTopics(_ conditions: [TopicCondition] = []) throws(ABIError) -> [[Bytes32]?] {
        guard conditions.count <= indexed.count else {
            throw ABIError(
                .wrongCount, "\(name) has \(indexed.count) indexed parameters, \(conditions.count) conditions given")
        }
        var topics: [[Bytes32]?] = isAnonymous ? [] : [[topic0]]
        for (condition, parameter) in zip(conditions, indexed) {
            guard case .oneOf(let values) = condition else {
                topics.append(nil)
                continue
            }
            var permitted: [Bytes32] = []
            for value in values {
                do {
                    permitted.append(try ABITopic.encode(value, as: parameter.layout))
                } catch { throw error.within(inputs.place(parameter.position)).within(name) }
            }
            topics.append(permitted)
        }
        // "Any" at the end says nothing, and some nodes refuse it.
        while let last = topics.last, last == nil { topics.removeLast() }
        return topics
    }

    /// The topics and data of a log, as the contract would write them.
    ///
    /// - Throws: ``ABIError`` naming the parameter that does not fit its type.
    public func encodeLog(_ values: [ABIValue]) throws(ABIError) -> (topics: [Bytes32], data: [UInt8]) {
        guard values.count == inputs.count else {
            throw ABIError(.wrongCount, path: name, "expected \(inputs.count) values, got \(values.count)")
        }
        var topics = isAnonymous ? [] : [topic0]
        for (position, layout) in indexed {
            do {
                topics.append(try ABITopic.encode(values[position], as: layout))
            } catch { throw error.within(inputs.place(position)).within(name) }
        }
        let unindexed = zip(inputs, values).filter { !$0.0.isIndexed }.map(\.1)
        do { return (topics, try data.encode(unindexed)) } catch { throw error.within(name) }
    }
}

/// Indexed parameters: one word as it is, everything else as a hash of an encoding in place, without lengths and offsets.
enum ABITopic {
    static func encode(_ value: ABIValue, as layout: ABILayout) throws(ABIError) -> Bytes32 {
        let root = layout.root
        if root.kind.isWord { return try layout.word(of: value, root, 0).bytes32 }
        switch (root.kind, value) {
        case (_, .topicHash(let hash)): return hash
        case (.bytes, .bytes(let bytes)): return Keccak256.hash(bytes)
        case (.string, .string(let text)): return Keccak256.hash(Array(text.utf8))
        default:
            var preimage: [UInt8] = []
            try layout.appendInPlace(value, 0, to: &preimage)
            return Keccak256.hash(preimage)
        }
    }
}

extension ABILayout {
    /// Inside arrays and tuples everything is padded to whole words, byte strings too.
    fileprivate func appendInPlace(_ value: ABIValue, _ index: Int, to preimage: inout [UInt8]) throws(ABIError) {
        let node = nodes[index]
        if node.kind.isWord {
            preimage += try word(of: value, node, index).bytes32.bytes
            return
        }
        switch (node.kind, value) {
        case (.bytes, .bytes(let bytes)): ABILayout.appendPadded(bytes, to: &preimage)
        case (.string, .string(let text)): ABILayout.appendPadded(Array(text.utf8), to: &preimage)
        case (.array, .array(let list)), (.fixedArray, .array(let list)), (.tuple, .tuple(let list)):
            guard node.kind == .array || list.count == node.count else { throw wrongCount(list.count, index) }
            for (position, value) in list.enumerated() {
                let child = node.kind == .tuple ? node.child + position : node.child
                do {
                    try appendInPlace(value, child, to: &preimage)
                } catch { throw error.within(place(position, in: index)) }
            }
        default: throw mismatch(value, index)
        }
    }

    private static func appendPadded(_ bytes: [UInt8], to preimage: inout [UInt8]) {
        preimage += bytes
        preimage += repeatElement(0, count: Word.padded(bytes.count) - bytes.count)
    }
}
