import EthereumCore
public import StrictJSON

extension RevocationProof {
    /// Largest text that is read, in bytes: a receipt of the largest size twice in hex, and the rest.
    public static let maxTextBytes = 4 * ConsensusReceipt.maxBytes + (1 << 20)

    /// Reads the text of the JSON form.
    ///
    /// - Throws: ``ProofError`` of code `malformed`, with place and reason, or `tooLarge`.
    public init(text: [UInt8]) throws(ProofError) {
        guard text.count <= Self.maxTextBytes else {
            throw ProofError(.tooLarge, "the proof has \(text.count) bytes, more than \(Self.maxTextBytes)")
        }
        let limits = JSONLimits(maxDepth: 4, maxBytes: Self.maxTextBytes, maxValues: 1024)
        let json: JSON
        do { json = try JSON.parse(text, limits: limits) } catch {
            throw ProofError(.malformed, "not a proof of revocation: \(error)")
        }
        try self.init(json: json)
    }

    /// Reads the JSON form. Only what ``json`` writes is accepted: no unknown fields, lower-case hex, addresses with
    /// their checksums.
    ///
    /// - Throws: ``ProofError`` of code `malformed`.
    public init(json: JSON) throws(ProofError) {
        do throws(JSONError) {
            try self.init(JSONReader(json))
        } catch {
            throw ProofError(.malformed, "not a proof of revocation: \(error)")
        }
        guard self.json == json else {
            throw ProofError(.malformed, "not a proof of revocation: numbers, hex or addresses in an unusual form")
        }
    }

    private init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        let version = try reader.int("version", in: 0...Int.max)
        guard version == Self.version else {
            throw reader.invalid("version", "version \(version) is not known, only \(Self.version)")
        }
        network = try reader.string("network")
        guard Self.isNetworkName(network) else { throw reader.invalid("network", "expected 1 to 32 of A-Z, 0-9 and _") }
        chainID = try reader.int("chain_id", in: 1...UInt64.max)
        contract = try reader.parsed("contract") { (text) throws(AddressError) in try Address(text) }
        owner = try reader.parsed("owner") { (text) throws(AddressError) in try Address(text) }
        message = try reader.hash("message")
        event = try RevocationEvent(try reader.object("event"))
        blockNumber = try reader.int("block_number")
        blockHash = try reader.hash("block_hash")
        blockHeader = try reader.hex("block_header")
        receiptsRoot = try reader.hash("receipts_root")
        transactionIndex = try reader.int("transaction_index")
        receipt = try reader.hex("receipt")
        let nodes = try reader.strings("receipt_nodes")
        guard nodes.count <= TrieProof.maxNodes else {
            throw reader.invalid("receipt_nodes", "more than \(TrieProof.maxNodes) nodes")
        }
        var receiptNodes: [[UInt8]] = []
        for (index, node) in nodes.enumerated() {
            do { receiptNodes.append(try Hex.decode(node)) } catch {
                throw reader.invalid("receipt_nodes[\(index)]", "\(error)")
            }
        }
        self.receiptNodes = receiptNodes
        logIndex = try reader.int("log_index", in: 0...Int.max)
        try reader.finish()
    }

    /// The JSON form, version 1. Bytes are `0x` and lower-case hex.
    public var json: JSON {
        [
            "version": .integer(Self.version),
            "network": .string(network),
            "chain_id": .integer(chainID),
            "contract": .string(contract.checksummed),
            "owner": .string(owner.checksummed),
            "message": .string(message.hex),
            "event": [
                "signature": .string(event.signature),
                "owner": .string(event.owner.description),
                "message": .string(event.message.description),
            ],
            "block_number": .integer(blockNumber),
            "block_hash": .string(blockHash.hex),
            "block_header": .string(Hex.encodePrefixed(blockHeader)),
            "receipts_root": .string(receiptsRoot.hex),
            "transaction_index": .integer(transactionIndex),
            "receipt": .string(Hex.encodePrefixed(receipt)),
            "receipt_nodes": .array(receiptNodes.map { .string(Hex.encodePrefixed($0)) }),
            "log_index": .integer(logIndex),
        ]
    }
}

extension RevocationEvent {
    fileprivate init(_ source: JSONReader) throws(JSONError) {
        var reader = source
        let signature = try reader.string("signature")
        let owner = try reader.word("owner")
        let message = try reader.word("message")
        do { try self.init(signature: signature, owner: owner, message: message) } catch {
            throw reader.invalid("signature", "\(error)")
        }
        try reader.finish()
    }
}

extension JSONReader {
    fileprivate mutating func parsed<Value, Failure: Error>(
        _ key: String, _ parse: (String) throws(Failure) -> Value
    ) throws(JSONError) -> Value {
        let text = try string(key)
        do { return try parse(text) } catch { throw invalid(key, "\(error)") }
    }

    fileprivate mutating func hex(_ key: String) throws(JSONError) -> [UInt8] {
        try parsed(key) { (text) throws(HexError) in try Hex.decode(text) }
    }

    fileprivate mutating func hash(_ key: String) throws(JSONError) -> Bytes32 {
        try parsed(key) { (text) throws(HexError) in try Bytes32(hex: text) }
    }

    fileprivate mutating func word(_ key: String) throws(JSONError) -> RevocationEvent.Word {
        guard let word = RevocationEvent.Word(try string(key)) else {
            throw invalid(key, "expected topics[1] to topics[3] or data[0] to data[63]")
        }
        return word
    }
}
