import StrictJSON

/// The parts of answers that a quorum compares: every field that the types of this module read and that all clients
/// give, since the answer that is passed on may be anybody's among those who agree.
enum Agreed {
    @Sendable static func block(_ json: JSON) -> JSON {
        guard json.objectValue != nil else { return .null }
        let transactions = json["transactions"]?.arrayValue?.map { $0["hash"] ?? $0 } ?? []
        let fields = fields(
            [
                "number", "hash", "parentHash", "timestamp", "baseFeePerGas", "gasLimit", "gasUsed", "receiptsRoot",
            ], of: json)
        return [fields, .array(transactions)]
    }

    @Sendable static func transaction(_ json: JSON) -> JSON {
        // Not gasPrice: of a pending transaction some clients give the cap, some what it would pay now.
        fields(
            ["hash", "blockHash", "blockNumber", "transactionIndex", "from", "to", "nonce", "value", "gas", "input"],
            of: json)
    }

    @Sendable static func receipt(_ json: JSON) -> JSON {
        guard json.objectValue != nil else { return .null }
        let fields = fields(
            [
                "transactionHash", "blockHash", "blockNumber", "transactionIndex", "status", "gasUsed", "from", "to",
                "contractAddress",
            ], of: json)
        return [fields, logs(json["logs"] ?? .null)]
    }

    @Sendable static func logs(_ json: JSON) -> JSON {
        guard let list = json.arrayValue else { return .null }
        return .array(
            list.map { log in
                let fields = fields(
                    [
                        "address", "data", "blockNumber", "blockHash", "transactionHash", "transactionIndex",
                        "logIndex",
                    ], of: log)
                let isRemoved = log["removed"]?.boolValue ?? false
                return [fields, .array((log["topics"]?.arrayValue ?? []).map(lowered)), .bool(isRemoved)]
            })
    }

    /// The values of members, null for missing ones.
    private static func fields(_ names: [String], of json: JSON) -> JSON {
        .array(names.map { name in lowered(json[name] ?? .null) })
    }

    /// Some clients write addresses with a checksum.
    private static func lowered(_ json: JSON) -> JSON { json.stringValue.map { .string($0.lowercased()) } ?? json }
}
